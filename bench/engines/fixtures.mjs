// What is written down once per run so that every engine reads the same bytes.
//
// <folder>/<workload>/script.bin      the edits of a workload with one user, for the engines that are no JavaScript
// <folder>/<workload>/<format>/       in the format of yjs, loro or automerge:
//   updates.bin                       the update of each transaction, in order
//   state.v1  state.v2                the whole document at the end (v2: where the format has a second encoding)
//   vector.bin                        what a peer says who has everything but the last 100 updates (not where users do not
//                                     hear of each other)
//   user0.bin  user1.bin              with two users who do not hear of each other: what each has at the end
//   summary.json                      { updates, text: characters }
//
// Numbers are 32-bit little-endian. updates.bin: for each update its length, then its bytes. script.bin: the client who
// edits, then for each edit a byte for its kind (1 text, 2 array, 3 map; 128 is added when the transaction goes on with
// the next edit), then
//   text   position, characters deleted, bytes inserted, those bytes (UTF-8)
//   array  position, count, so many numbers
//   map    bytes of the key, the key, bytes of the value, the value (a string)
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { copies } from './copies.mjs';
import { random } from './random.mjs';

const uint32 = (...values) => {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => bytes.writeUInt32LE(value, 4 * i));
  return bytes;
};
const counted = (text) => {
  const bytes = Buffer.from(text);
  return [uint32(bytes.length), bytes];
};

export function writeScript(folder, transactions) {
  const kinds = { text: 1, array: 2, map: 3 };
  const parts = transactions.flatMap(({ edits }) => edits.flatMap(([kind, at, what, inserted], i) => {
    const head = Buffer.from([kinds[kind] + (i + 1 < edits.length ? 128 : 0)]);
    if (kind === 'text') return [head, uint32(at, what), ...counted(inserted)];
    if (kind === 'array') return [head, uint32(at, what.length, ...what)];
    return [head, ...counted(at), ...counted(what)];
  }));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'script.bin'), Buffer.concat([uint32(clients(1)[0]), ...parts]));
}

// Client ids as Yjs draws them: 32 bits, here the same in every run.
export function clients(users) {
  const next = random(41);
  return Array.from({ length: users }, () => 0x80000000 + next(0x7fffffff));
}

// Plays a workload with one replica a user and writes what came of it. A peer that takes milliseconds for a change plays a
// long text of one user as a single change: there is a state then, and no updates.
export function record(folder, peer, { transactions, users, content }, atOnce) {
  const ids = clients(users);
  const replicas = new Map();
  const updates = [];
  const replica = (user) => {
    if (!replicas.has(user)) {
      const made = new peer.Replica(ids[user]);
      made.onUpdate((update) => updates.push(update));
      replicas.set(user, made);
    }
    return replicas.get(user);
  };
  const all = users === 1 ? replica(0) : new peer.Replica();
  if (peer.first && users > 1) all.apply(peer.first);

  if (atOnce) replica(0).edit(transactions.flatMap(({ edits }) => edits));
  // What nobody hears of until the end reaches the document of all at once: one by one, Loro would take minutes.
  const apart = users > 1 && transactions.every(({ sees }) => sees.length === 0);
  const sent = [];
  let vector = all.vector();
  (atOnce ? [] : transactions).forEach(({ user, sees, edits }, i) => {
    if (i === transactions.length - 100) vector = all.vector();
    const own = replica(user);
    for (const index of sees) if (transactions[index].user !== user) own.apply(sent[index]);
    updates.length = 0;
    own.edit(edits);
    if (updates.length !== 1) throw new Error(`transaction ${i} made ${updates.length} updates`);
    sent.push(updates[0]);
    if (all !== own && !apart) all.apply(sent[i]);
  });
  if (apart && all.applyAll) all.applyAll(sent);
  else if (apart) sent.forEach((update) => all.apply(update));
  if (content !== undefined && all.text() !== content) {
    throw new Error('the replay did not end in the text of the recording');
  }

  const to = join(folder, peer.format);
  mkdirSync(to, { recursive: true });
  const write = (name, bytes) => writeFileSync(join(to, name), bytes);
  if (!atOnce) {
    const whole = peer.first ? [peer.first, ...sent] : sent;
    write('updates.bin', Buffer.concat(whole.flatMap((update) => [uint32(update.length), update])));
    if (!apart) write('vector.bin', vector);
  }
  write('state.v1', all.encode.v1());
  if (all.encode.v2) write('state.v2', all.encode.v2());
  if (users === 2 && apart) {
    for (const user of [0, 1]) write(`user${user}.bin`, replica(user).encode.v1());
  }
  write('summary.json', JSON.stringify({ updates: sent.length, text: all.text().length }));
}

// The fixture of `times` copies of the document in `from`, in the format of yjs.
export function recordCopies(folder, from, Y, times) {
  const made = copies(Y, readFileSync(join(from, 'yjs', 'state.v1')), readFileSync(join(from, 'yjs', 'vector.bin')), times);
  const to = join(folder, 'yjs');
  mkdirSync(to, { recursive: true });
  writeFileSync(join(to, 'state.v1'), made.state);
  writeFileSync(join(to, 'state.v2'), Y.convertUpdateFormatV1ToV2(made.state));
  writeFileSync(join(to, 'vector.bin'), made.vector);
  writeFileSync(join(to, 'summary.json'), JSON.stringify({ updates: 0, structs: made.structs }));
}

// One format of one workload; a file that the recording did not write reads as undefined.
export function readFixture(folder, format) {
  const file = (name) => {
    const path = join(folder, format, name);
    return existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined;
  };
  const log = file('updates.bin');
  let updates;
  if (log) {
    updates = [];
    const view = new DataView(log.buffer, log.byteOffset, log.length);
    for (let at = 0; at < log.length;) {
      const length = view.getUint32(at, true);
      updates.push(log.slice(at + 4, at + 4 + length));
      at += 4 + length;
    }
  }
  return {
    updates, state: { v1: file('state.v1'), v2: file('state.v2') }, vector: file('vector.bin'),
    users: [file('user0.bin'), file('user1.bin')],
  };
}
