// Updates with wounds that only show when they are understood: structs lost, repeated, exchanged, moved to another client,
// with another origin, parent, key or content; other deletions; now and then wrong bytes.
import * as Y from 'yjs';
import { parse, write } from './thin.mjs';

// Ids, structs and names that mutations draw from: what the updates of a run have mentioned.
export class Pool {
  ids = [];
  structs = [];
  roots = ['text', 'notes', 'array', 'map', 'fragment', 'element', 'xmltext', 'mixed'];
  keys = ['a', 'b', 'k'];

  learn(update) {
    for (const [, structs] of parse(update).blocks) {
      for (const struct of structs) {
        this.#keep(this.ids, Y.createID(struct.id.client, struct.id.clock + Math.floor(struct.length / 2)));
        if (!(struct instanceof Y.Item)) continue;
        this.#keep(this.structs, struct);
        if (struct.parentSub !== null) this.#keep(this.keys, struct.parentSub);
      }
    }
  }

  #keep(list, element) {
    list.push(element);
    if (list.length > 200) list.splice(0, 50);
  }
}

const itemMutations = {
  origin: (rng, item, pool) => { item.origin = rng.chance(0.3) ? null : rng.pick(pool.ids); },
  right: (rng, item, pool) => { item.rightOrigin = rng.chance(0.3) ? null : rng.pick(pool.ids); },
  nearOrigin: (rng, item) => { if (item.origin) item.origin = Y.createID(item.origin.client, Math.max(0, item.origin.clock + rng.between(-2, 2))); },
  nearRight: (rng, item) => { if (item.rightOrigin) item.rightOrigin = Y.createID(item.rightOrigin.client, Math.max(0, item.rightOrigin.clock + rng.between(-2, 2))); },
  root: (rng, item, pool) => Object.assign(item, { origin: null, rightOrigin: null, parent: rng.pick(pool.roots), parentSub: rng.chance(0.5) ? rng.pick(pool.keys) : null }),
  parent: (rng, item, pool) => Object.assign(item, { origin: null, rightOrigin: null, parent: rng.pick(pool.ids), parentSub: rng.chance(0.5) ? rng.pick(pool.keys) : null }),
  key: (rng, item, pool) => { item.parentSub = rng.chance(0.3) ? null : rng.pick(pool.keys); },
  content: (rng, item, pool) => { item.content = rng.pick(pool.structs).content; },
};

function mutateBlocks(rng, blocks, pool) {
  const block = rng.pick(blocks);
  const structs = block[1];
  const at = rng.below(structs.length);
  switch (rng.below(9)) {
    case 0: structs.splice(at, 1); break;
    case 1: structs.splice(at, 0, structs[at]); break;
    case 2: [structs[at], structs[structs.length - 1 - at]] = [structs[structs.length - 1 - at], structs[at]]; break;
    case 3: structs.splice(at, 0, rng.pick(pool.structs)); break;
    case 4: structs.splice(at, 1, new (rng.pick([Y.GC, Y.Skip]))(structs[at].id, rng.between(1, 4))); break;
    case 5: block[0] = rng.pick(pool.ids).client; break;
    case 6: block[2] = Math.max(0, structs[0].id.clock + rng.between(-3, 3)); break;
    default: {
      if (!(structs[at] instanceof Y.Item)) break;
      const item = Object.assign(Object.create(Y.Item.prototype), structs[at]);
      if (item.origin === null && item.rightOrigin === null && item.parent === null) break;
      itemMutations[rng.pick(Object.keys(itemMutations))](rng, item, pool);
      if (item.origin === null && item.rightOrigin === null && item.parent === null) item.parent = rng.pick(pool.roots);
      structs[at] = item;
    }
  }
}

function mutateDeletes(rng, deletes, pool) {
  const { client, clock } = rng.pick(pool.ids);
  const range = [Math.max(0, clock - rng.below(3)), rng.between(1, rng.chance(0.1) ? 100 : 4)];
  if (rng.chance(0.2) && deletes.length > 0) deletes.splice(rng.below(deletes.length), 1);
  else if (rng.chance(0.5) && deletes.length > 0) rng.pick(deletes)[1].push(range);
  else deletes.push([client, [range]]);
}

// As every client writes them: sorted, joined, a client once. Yjs misplaces others that must wait (docs/decisions/0001).
function inOrder(deletes) {
  const clients = new Map();
  for (const [client, ranges] of deletes) clients.set(client, [...(clients.get(client) ?? []), ...ranges]);
  return [...clients].map(([client, ranges]) => {
    const joined = [];
    for (const [clock, length] of ranges.sort((a, b) => a[0] - b[0])) {
      const last = joined.at(-1);
      if (last && last[0] + last[1] >= clock) last[1] = Math.max(last[1], clock + length - last[0]);
      else joined.push([clock, length]);
    }
    return [client, joined];
  });
}

function woundBytes(rng, update) {
  const bytes = Uint8Array.from(update);
  const at = rng.below(bytes.length);
  switch (rng.below(3)) {
    case 0: bytes[at] ^= 1 << rng.below(8); return bytes;
    case 1: bytes[at] = rng.below(256); return bytes;
    default: return bytes.subarray(0, at);
  }
}

// The same update as if other clients had written it: of new ids, `first` and up. What its blocks say of each other and of
// themselves goes along.
function byNewClients(parts, first) {
  const names = new Map(parts.blocks.map(([client], index) => [client, first + index]));
  const starts = new Map(parts.blocks.map(([client, structs, clock = structs[0].id.clock]) => [client, clock]));
  const moved = (id) => (id instanceof Y.ID && names.has(id.client) && id.clock >= starts.get(id.client) ? Y.createID(names.get(id.client), id.clock - starts.get(id.client)) : id);
  return {
    blocks: parts.blocks.map(([client, structs]) => [names.get(client), structs.map((struct) => (struct instanceof Y.Item
      ? Object.assign(Object.create(Y.Item.prototype), struct, { origin: moved(struct.origin), rightOrigin: moved(struct.rightOrigin), parent: moved(struct.parent) })
      : struct)), 0]),
    deletes: parts.deletes.map(([client, ranges]) => [names.get(client) ?? client,
      ranges.map(([clock, length]) => [Math.max(0, clock - (starts.get(client) ?? 0)), length])]),
  };
}

// Another update than `update`, made of it and of what `pool` knows: `forged` if it may give ids of others a second content.
export function mutated(rng, update, pool, newClient) {
  if (rng.chance(0.15)) return { bytes: woundBytes(rng, update), forged: true };
  let parts = parse(update);
  for (let n = rng.between(1, 3); n > 0; n--) {
    if (parts.blocks.length > 0 && rng.chance(0.8)) mutateBlocks(rng, parts.blocks, pool);
    else mutateDeletes(rng, parts.deletes, pool);
    parts.blocks = parts.blocks.filter(([, structs]) => structs.length > 0);
  }
  const forged = rng.chance(0.2);
  if (!forged) parts = byNewClients(parts, newClient);
  return { bytes: write({ blocks: parts.blocks, deletes: inOrder(parts.deletes) }), forged };
}
