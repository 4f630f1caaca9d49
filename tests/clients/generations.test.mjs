// Each generation of the y-websocket provider on its own, and all of them in one room.
import assert from 'node:assert/strict';
import test from 'node:test';
import { generations, pause, setUp, stored, until } from './people.mjs';

for (const generation of generations) {
  test(`${generation.name}: two people edit, a third comes late`, async (t) => {
    const { join } = await setUp(t);
    const [ada, bob] = [join('letters', generation), join('letters', generation)];
    await Promise.all([ada.arrive(), bob.arrive()]);
    ada.insert(0, 'Dear Bob');
    await until(() => bob.read() === 'Dear Bob', 'what Ada typed at Bob');
    bob.insert(8, ', dear Ada 😀');
    ada.set('colour', 'green');
    await until(() => ada.read() === 'Dear Bob, dear Ada 😀' && bob.get('colour') === 'green', 'both see both');
    const carl = join('letters', generation);
    await carl.arrive();
    assert.equal(carl.read(), 'Dear Bob, dear Ada 😀');
    assert.equal(carl.get('colour'), 'green');
    const other = join('other letters', generation);
    await other.arrive();
    assert.equal(other.read(), '', 'another room is another document');
  });

  test(`${generation.name}: people come, move, go, and come back`, async (t) => {
    const { join, leave } = await setUp(t);
    const ada = join('presence', generation);
    ada.be('Ada');
    await ada.arrive();
    const bob = join('presence', generation);
    bob.be('Bob');
    await until(() => ada.present().join() === 'Ada,Bob' && bob.present().join() === 'Ada,Bob', 'both see both');
    bob.awareness.setLocalStateField('cursor', { at: 7 });
    await until(() => [...ada.awareness.getStates().values()].some((state) => state.cursor?.at === 7), "Bob's cursor at Ada");
    bob.provider.disconnect();  // says goodbye
    await until(() => ada.present().join() === 'Ada', 'Bob is gone');
    bob.provider.connect();     // the same client id takes over its own former place
    bob.be('Bob');
    await until(() => ada.present().join() === 'Ada,Bob', 'Bob is back');
    bob.provider.ws.terminate();  // no goodbye: the socket just breaks
    await until(() => bob.provider.wsconnected && bob.synced, 'Bob reconnects by himself');
    bob.awareness.setLocalStateField('cursor', { at: 8 });
    await until(() => [...ada.awareness.getStates().values()].some((state) => state.cursor?.at === 8), "Bob's new cursor at Ada");
    await pause(200);  // a late farewell of the broken socket must not remove him now
    assert.equal(ada.present().join(), 'Ada,Bob');
    leave(bob);
    await until(() => ada.present().join() === 'Ada', 'Bob is gone for good');
  });

  test(`${generation.name}: the server is killed and everybody goes on`, async (t) => {
    const party = await setUp(t);
    const [ada, bob] = [party.join('crash', generation), party.join('crash', generation)];
    await Promise.all([ada.arrive(), bob.arrive()]);
    ada.insert(0, 'before ');
    await until(() => bob.read() === 'before ', 'the text before');
    await stored(party.server);
    await party.server.kill();
    await until(() => !ada.provider.wsconnected && !bob.provider.wsconnected, 'both notice');
    ada.insert(7, 'while it was away ');
    bob.insert(0, 'Bob: ');
    await party.crash();
    await until(() => ada.read() === bob.read() && ada.read().includes('away') && ada.read().includes('Bob'), 'both have both edits');
    const late = party.join('crash', generation);
    await late.arrive();
    await until(() => late.read() === ada.read(), 'a late one has all of it');
  });
}

test('all generations in one room understand each other', async (t) => {
  const { join } = await setUp(t);
  const people = generations.map((generation) => join('mixed', generation));
  people.forEach((person, index) => person.be(generations[index].name));
  await Promise.all(people.map((person) => person.arrive()));
  for (const [index, person] of people.entries()) {
    person.insert(person.read().length, `[${index}]`);
    person.set(`from ${index}`, { n: index, list: [1, 'two', null, true, 0.5] });
    const expected = generations.slice(0, index + 1).map((_unused, n) => `[${n}]`).join('');
    await until(() => people.every((one) => one.read() === expected), `the text of ${generations[index].name} everywhere`);
    await until(() => people.every((one) => one.get(`from ${index}`)?.n === index), `the value of ${generations[index].name} everywhere`);
  }
  const names = generations.map(({ name }) => name).sort().join();
  await until(() => people.every((person) => person.present().join() === names), 'everybody sees everybody');
});
