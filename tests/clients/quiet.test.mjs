// People who say nothing: the provider drops a connection on which no message came for 30 seconds (45 in version 4), and a
// protocol ping is no message. Somebody alone with awareness off must stay connected.
import assert from 'node:assert/strict';
import test from 'node:test';
import { generations, pause, setUp, until } from './people.mjs';

test('a lone client with awareness off stays connected beyond its own timer', { timeout: 90000 }, async (t) => {
  const { join } = await setUp(t);
  const people = generations.map((generation) => {
    const person = join(`alone with ${generation.name}`, generation);
    person.awareness.setLocalState(null);
    return person;
  });
  await Promise.all(people.map((person) => person.arrive()));
  await pause(38000);
  for (const [index, person] of people.entries()) {
    assert.deepEqual(person.closes, [], `${generations[index].name} was not closed`);
    assert.ok(person.provider.wsconnected, `${generations[index].name} is connected`);
    assert.deepEqual(person.present(), [], `${generations[index].name} sees nobody`);
  }
  const friends = people.map((_unused, index) => join(`alone with ${generations[index].name}`, generations[index]));
  people.forEach((person, index) => person.insert(0, `still here ${index}`));
  await until(() => friends.every((friend, index) => friend.read() === `still here ${index}`), 'they still edit');
});
