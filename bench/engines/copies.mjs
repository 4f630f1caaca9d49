// The document of one person who types the same text again and again, each time before what is there, without typing it:
// replaying a hundred papers takes Yjs a quarter of an hour.
//
// Typing a copy at index 0 makes the structs of the first typing with later clocks. What had no neighbour on the left in the
// first gets the last of the deleted items at the document's beginning, which Yjs steps over; what had none on the right
// gets the first visible character. The result is, byte for byte, that of a replay (copies_test.mjs compares them).
import * as encoding from 'lib0/encoding';
import * as decoding from 'lib0/decoding';

export function copies(Y, update, vector, times) {
  const { structs, ds } = Y.decodeUpdate(update);
  const client = structs[0].id.client;
  const length = structs.at(-1).id.clock + structs.at(-1).length;
  const { lead, visible } = beginning(Y, update, client);

  const encoder = new Y.UpdateEncoderV1();
  const { restEncoder } = encoder;
  const id = (at, shift) => at && Y.createID(client, at.clock + shift);
  encoding.writeVarUint(restEncoder, 1);
  encoding.writeVarUint(restEncoder, structs.length * times);
  encoding.writeVarUint(restEncoder, client);
  encoding.writeVarUint(restEncoder, 0);
  let left = null;
  for (let copy = 0; copy < times; copy++) {
    const shift = copy * length;
    const right = copy === 0 ? null : Y.createID(client, visible + shift - length);
    for (const item of structs) {
      const origin = item.origin ? id(item.origin, shift) : left;
      const rightOrigin = item.rightOrigin ? id(item.rightOrigin, shift) : right;
      // An item names its parent where no neighbour tells it.
      new Y.Item(Y.createID(client, item.id.clock + shift), null, origin, null, rightOrigin,
        origin || rightOrigin ? null : item.parent, null, item.content).write(encoder, 0);
    }
    if (lead !== undefined) left = Y.createID(client, lead + shift);
  }

  const deleted = [];
  for (let copy = 0; copy < times; copy++) {
    for (const range of ds.clients.get(client) ?? []) {
      const clock = range.clock + copy * length;
      const last = deleted.at(-1);
      if (last && last.clock + last.len === clock) last.len += range.len;
      else deleted.push({ clock, len: range.len });
    }
  }
  encoding.writeVarUint(restEncoder, deleted.length > 0 ? 1 : 0);
  if (deleted.length > 0) {
    encoding.writeVarUint(restEncoder, client);
    encoding.writeVarUint(restEncoder, deleted.length);
    for (const range of deleted) {
      encoding.writeVarUint(restEncoder, range.clock);
      encoding.writeVarUint(restEncoder, range.len);
    }
  }

  const old = decoding.createDecoder(vector);
  decoding.readVarUint(old);
  decoding.readVarUint(old);
  const clock = decoding.readVarUint(old) + (times - 1) * length;
  return {
    state: encoder.toUint8Array(),
    vector: encoding.encode((to) => [1, client, clock].forEach((value) => encoding.writeVarUint(to, value))),
    structs: structs.length * times,
  };
}

// Clocks of the last deleted item that stands before everything visible (undefined: there is none) and of the first
// visible character.
function beginning(Y, update, client) {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, update);
  let item = doc.getText('text')._start;
  let lead;
  for (; item && item.deleted; item = item.right) lead = item.id.clock + item.length - 1;
  if (!item || item.id.client !== client) throw new Error('a text of one user that is not empty is needed');
  return { lead, visible: item.id.clock };
}
