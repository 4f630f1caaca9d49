// An update taken apart and put together, and every way of leaving a bit of it out: for the search for the smallest failing update.
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import { deleteSet } from './craft.mjs';

// { blocks: [[client, structs]], deletes: [[client, [[clock, length]]]] }; to be written, a block may name its first clock.
export function parse(update) {
  const { structs, ds } = Y.decodeUpdate(update);
  const blocks = new Map();
  for (const struct of structs) blocks.set(struct.id.client, [...(blocks.get(struct.id.client) ?? []), struct]);
  return { blocks: [...blocks], deletes: [...ds.clients].map(([client, ranges]) => [client, ranges.map(({ clock, len }) => [clock, len])]) };
}

export function write({ blocks, deletes }) {
  const encoder = new Y.UpdateEncoderV1();
  encoding.writeVarUint(encoder.restEncoder, blocks.length);
  for (const [client, structs, clock = structs[0].id.clock] of blocks) {
    encoding.writeVarUint(encoder.restEncoder, structs.length);
    encoder.writeClient(client);
    encoding.writeVarUint(encoder.restEncoder, clock);
    for (const struct of structs) struct.write(encoder, 0);
  }
  encoding.writeUint8Array(encoder.restEncoder, Uint8Array.from(deleteSet(deletes)));
  return encoder.toUint8Array();
}

const without = (list, index) => [...list.slice(0, index), ...list.slice(index + 1)];
const replaced = (list, index, element) => [...list.slice(0, index), element, ...list.slice(index + 1)];

// Smaller updates, the boldest cuts first.
export function* thinner(update) {
  const whole = parse(update);
  const { blocks, deletes } = whole;
  if (deletes.length > 0 && blocks.length > 0) yield write({ blocks, deletes: [] });
  for (let i = 0; i < blocks.length; i++) yield write({ ...whole, blocks: without(blocks, i) });
  for (let i = 0; i < deletes.length; i++) yield write({ ...whole, deletes: without(deletes, i) });
  for (let part = 2; part <= 64; part *= 2) {
    for (let i = 0; i < blocks.length; i++) {
      const [client, structs] = blocks[i];
      const cut = Math.floor(structs.length / part);
      if (cut > 0 && cut < structs.length) yield write({ ...whole, blocks: replaced(blocks, i, [client, structs.slice(0, structs.length - cut)]) });
    }
  }
  for (let i = 0; i < blocks.length; i++) {
    const [client, structs] = blocks[i];
    if (structs.length > 1) yield write({ ...whole, blocks: replaced(blocks, i, [client, structs.slice(0, -1)]) });
    for (let j = structs.length - 1; j >= 0; j--) {  // what nobody needs to be there may be collected
      const { id, length } = structs[j];
      if (!(structs[j] instanceof Y.GC)) yield write({ ...whole, blocks: replaced(blocks, i, [client, replaced(structs, j, new Y.GC(id, length))]) });
    }
  }
  for (let i = 0; i < deletes.length; i++) {
    const [client, ranges] = deletes[i];
    for (let j = 0; ranges.length > 1 && j < ranges.length; j++) yield write({ ...whole, deletes: replaced(deletes, i, [client, without(ranges, j)]) });
  }
}
