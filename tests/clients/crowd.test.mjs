// Twenty people in one room who all type at once, with every generation of client.
import assert from 'node:assert/strict';
import test from 'node:test';
import { generations, setUp, until } from './people.mjs';

test('twenty people type at once and see the same, and each other', async (t) => {
  const { join, leave } = await setUp(t);
  const people = Array.from({ length: 20 }, (_unused, index) => join('crowd', generations[index % generations.length]));
  people.forEach((person, index) => person.be(`person ${index}`));
  await Promise.all(people.map((person) => person.arrive()));
  for (let round = 0; round < 25; round++) {
    for (const [index, person] of people.entries()) person.insert((round * 37 + index * 11) % (person.read().length + 1), `${String.fromCharCode(97 + index)}${round} `);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const length = Array.from({ length: 25 }, (_unused, round) => 20 * `a${round} `.length).reduce((sum, one) => sum + one);
  await until(() => people.every((person) => person.read().length === length), 'everything arrived everywhere', 30000);
  assert.equal(new Set(people.map((person) => person.read())).size, 1, 'everybody reads the same text');
  await until(() => people.every((person) => person.present().length === 20), 'everybody sees all twenty');
  for (const person of people.splice(10)) leave(person);
  await until(() => people.every((person) => person.present().length === 10), 'and sees ten of them go');
});
