// Records what the people of one room type, as the updates that real Yjs clients would send.
//
//   node bench/server/record.mjs OUT [--ticks 120] [--people 4]
//
// One tick is one second and one update a person. A person has seen the others' updates up to two ticks ago, so that a
// replay in which each is up to a second late never makes the server wait. OUT is little-endian:
//   u32 people, u32 ticks, u32 length, bytes of the document they open,
//   people x { u64 client, ticks x { u32 clock, u32 length of what it adds, u32 bytes, update } }
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as Y from 'yjs';
import { Prng } from '../../tests/interop/lib/prng.mjs';

const words = ('the of and a to in is you that it he was for on are as with his they I at be this have from or one had by word but not ' +
  'what all were we when your can said there use an each which she do how their if will up other about out many then them these').split(' ');

export function record({ people = 4, ticks = 120, seed = 7 } = {}) {
  const rng = new Prng(seed);
  const sentence = () => `${Array.from({ length: rng.between(5, 12) }, () => rng.pick(words)).join(' ')}. `;
  const author = new Y.Doc();
  author.clientID = 1000;
  const page = author.getText('page');
  for (let n = 0; n < 120; n++) page.insert(rng.between(0, page.length), sentence());
  for (let n = 0; n < 40; n++) page.delete(rng.between(0, page.length - 20), rng.between(1, 15));
  const opened = Y.encodeStateAsUpdate(author);

  const typists = Array.from({ length: people }, (_unused, index) => {
    const doc = new Y.Doc();
    doc.clientID = 2000000000 + 1000003 * index;
    Y.applyUpdate(doc, opened);
    return { doc, text: doc.getText('page'), cursor: rng.between(0, doc.getText('page').length), sent: [] };
  });
  for (let tick = 0; tick < ticks; tick++) {
    for (const typist of typists) typist.sent.push(type(rng, typist));
    if (tick < 2) continue;
    for (const typist of typists) {
      for (const other of typists) if (other !== typist) Y.applyUpdate(typist.doc, other.sent[tick - 2].update, 'network');
    }
  }
  return { opened, people: typists.map(({ doc, sent }) => ({ client: doc.clientID, sent })) };
}

// What a second of typing makes: some characters behind the cursor, now and then a correction or a jump elsewhere.
function type(rng, typist) {
  const { doc, text } = typist;
  const clock = Y.getState(doc.store, doc.clientID);
  let update = null;
  const take = (bytes, origin) => { if (origin !== 'network') update = bytes; };
  doc.on('update', take);
  doc.transact(() => {
    if (rng.chance(0.05)) typist.cursor = rng.between(0, text.length);
    typist.cursor = Math.min(typist.cursor, text.length);
    if (rng.chance(0.15) && typist.cursor > 3) text.delete(typist.cursor -= 3, 3);
    const typed = `${rng.pick(words)} `;
    text.insert(typist.cursor, typed);
    typist.cursor += typed.length;
  });
  doc.off('update', take);
  return { clock, length: Y.getState(doc.store, doc.clientID) - clock, update };
}

export function encode({ opened, people }) {
  const parts = [];
  const u32 = (value) => { const bytes = Buffer.alloc(4); bytes.writeUInt32LE(value); parts.push(bytes); };
  u32(people.length);
  u32(people[0].sent.length);
  u32(opened.length);
  parts.push(opened);
  for (const { client, sent } of people) {
    const id = Buffer.alloc(8);
    id.writeBigUInt64LE(BigInt(client));
    parts.push(id);
    for (const { clock, length, update } of sent) {
      u32(clock);
      u32(length);
      u32(update.length);
      parts.push(update);
    }
  }
  return Buffer.concat(parts);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { values, positionals } = parseArgs({
    options: { ticks: { type: 'string', default: '120' }, people: { type: 'string', default: '4' } }, allowPositionals: true,
  });
  writeFileSync(positionals[0], encode(record({ ticks: Number(values.ticks), people: Number(values.people) })));
}
