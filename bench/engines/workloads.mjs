// The work, the same for every engine and every run: lists of transactions, made from fixed seeds or read from traces.
//
// A workload is { name, title, users, transactions, copies }. A transaction is what one user does at once, after
// receiving what `sees` names (indexes of earlier transactions of others):
//
//   { user, sees: [], edits: [['text', position, deleted, inserted] | ['array', position, values] | ['map', key, value]] }
//
// The groups B1 to B4 are those of the public crdt-benchmarks: N is 6,000 there and here. `sizes` makes all of it smaller
// for a run that only asks whether the program still works.
import { random } from './random.mjs';
import { concurrentTrace, generatedTrace, sequentialTrace } from './traces.mjs';

export const fullSizes = { n: 6000, users: 1540, trace: 1e9, copies: 100 };
export const smallSizes = { n: 300, users: 60, trace: 3000, copies: 4 };

const letters = 'abcdefghijklmnopqrstuvwxyz';
const word = (next, least, most) =>
  Array.from({ length: least + next(most - least + 1) }, () => letters[next(26)]).join('');

const one = (user, edit) => ({ user, sees: [], edits: [edit] });

// What one user types: `step(next, length)` gives [position, deleted, inserted], `times` times.
function typing(seed, times, step, user = 0) {
  const next = random(seed);
  let length = 0;
  return Array.from({ length: times }, () => {
    const [position, deleted, inserted] = step(next, length);
    length += inserted.length - deleted;
    return one(user, ['text', position, deleted, inserted]);
  });
}

function numbers(seed, times, place) {
  const next = random(seed);
  return Array.from({ length: times }, (_, i) => one(0, ['array', place(next, i), [next(0x7fffffff)]]));
}

const randomCharacter = (next, length) => [next(length + 1), 0, letters[next(26)]];
const randomWord = (next, length) => [next(length + 1), 0, word(next, 3, 9)];
const wordsInAndOut = (next, length) => {
  const at = next(length + 1);
  if (at === length || next(2) === 0) return [at, 0, word(next, 2, 10)];
  return [at, Math.min(length - at, 1 + next(9)), ''];
};

// Two users who do not hear of each other until the end; what they send arrives in turns.
function inTurns(left, right) {
  return left.flatMap((transaction, i) => [transaction, right[i]]);
}
const two = (times, step) => inTurns(typing(21, times, step, 0), typing(22, times, step, 1));

const each = (users, edit) => {
  const next = random(31);
  return Array.from({ length: users }, (_, user) => one(user, edit(user, next)));
};

const makers = {
  'b1.1': ['append N characters', ({ n }) => typing(1, n, (next, length) => [length, 0, letters[next(26)]])],
  'b1.2': ['insert one string of N', ({ n }) => typing(2, 1, (next) => [0, 0, word(next, n, n)])],
  'b1.3': ['prepend N characters', ({ n }) => typing(3, n, (next) => [0, 0, letters[next(26)]])],
  'b1.4': ['N characters at random', ({ n }) => typing(4, n, randomCharacter)],
  'b1.5': ['N words at random', ({ n }) => typing(5, n, randomWord)],
  'b1.5L': ['N/60 strings of 1,000 at random',
    ({ n }) => typing(15, Math.ceil(n / 60), (next, length) => [next(length + 1), 0, word(next, 1000, 1000)])],
  'b1.6': ['insert a string of N, delete it',
    ({ n }) => [one(0, ['text', 0, 0, word(random(6), n, n)]), one(0, ['text', 0, n, ''])]],
  'b1.7': ['insert and delete words', ({ n }) => typing(7, n, wordsInAndOut)],
  'b1.8': ['append N numbers', ({ n }) => numbers(8, n, (_, i) => i)],
  'b1.9': ['insert N numbers at once',
    ({ n }) => [one(0, ['array', 0, Array.from({ length: n }, ((next) => () => next(0x7fffffff))(random(9)))])]],
  'b1.10': ['prepend N numbers', ({ n }) => numbers(10, n, () => 0)],
  'b1.11': ['N numbers at random', ({ n }) => numbers(11, n, (next, i) => next(i + 1))],
  'b2.1': ['two strings of N at one place', ({ n }) => two(1, (next) => [0, 0, word(next, n, n)])],
  'b2.2': ['two users, N characters at random', ({ n }) => two(n, randomCharacter)],
  'b2.3': ['two users, N words at random', ({ n }) => two(n, randomWord)],
  'b2.4': ['two users, words in and out', ({ n }) => two(n, wordsInAndOut)],
  'b3.1': ['many users set a number', ({ users }) => each(users, (user) => ['map', 'v', user])],
  'b3.2': ['many users set an object',
    ({ users }) => each(users, (user) => ['map', 'v', { name: `user ${user}`, age: user }])],
  'b3.3': ['many users set a long string',
    ({ users }) => each(users, (user, next) => ['map', 'v', letters[next(26)].repeat(users * 3)])],
  'b3.4': ['many users insert at index 0', ({ users }) => each(users, (user) => ['array', 0, [`user ${user}`]])],
  small: ['a small document: 39 characters, 5 keys', () => [
    one(0, ['text', 0, 0, 'thirty-nine characters of simple text..']),
    ...['title', 'owner', 'state', 'color', 'order'].map((key, i) => one(0, ['map', key, `${key}-${i}`]))]],
};

// name -> { title, make(sizes, traces folder) }: what there is to run, in the order of the table.
export const catalogue = new Map();
for (const [name, [title, make]] of Object.entries(makers)) {
  catalogue.set(name, { title, make: (sizes) => ({ transactions: make(sizes) }) });
}
const recorded = (name) => (sizes, folder) => sequentialTrace(folder, name, sizes.trace);
const shared = (name) => (sizes, folder) => concurrentTrace(folder, name, sizes.trace);
const paper = (sizes, folder) => recorded('automerge-paper')(sizes, folder) ?? generatedTrace(sizes.trace);
catalogue.set('b4', { title: 'a paper typed by one person', make: paper });
const copied = (sizes, folder) => ({ ...paper(sizes, folder), copies: sizes.copies });
catalogue.set('b4x100', { title: 'the same, a hundred copies', make: copied });
catalogue.set('rustcode', { title: 'a program, with pastes', make: recorded('rustcode') });
catalogue.set('sveltecomponent', { title: 'a component, with pastes', make: recorded('sveltecomponent') });
catalogue.set('seph-blog1', { title: 'a blog post, with pastes', make: recorded('seph-blog1') });
catalogue.set('friendsforever', { title: 'two people in one text', make: shared('friendsforever') });
catalogue.set('clownschool', { title: 'three people in one text', make: shared('clownschool') });

// The workload of that name, or undefined when it is a recording that is not in the folder.
export function workload(name, sizes, folder) {
  const { title, make } = catalogue.get(name);
  const made = make(sizes, folder);
  if (!made) return undefined;
  const users = made.transactions.reduce((most, { user }) => Math.max(most, user + 1), 1);
  return { name, title, users, copies: 1, ...made };
}
