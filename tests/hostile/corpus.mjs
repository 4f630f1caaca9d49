// Honest updates of every kind, as material for dishonest ones.
import * as Y from 'yjs';
import * as encoding from 'lib0/encoding';

// Updates from a few clients that use every shared type and content kind.
export function honestUpdates(random) {
  const updates = [];
  for (let i = 0; i < 6; i++) {
    const doc = new Y.Doc();
    doc.clientID = 1000 + i;
    doc.on('update', (update) => updates.push(update));
    const text = doc.getText('c text');
    text.insert(0, 'Hello wörld \u{1f3bb}');
    text.insert(5, ' bold', { bold: true });
    text.insertEmbed(3, { image: 'x.png', size: [1, 2] });
    text.delete(2, 4);
    const map = doc.getMap('c map');
    map.set('n', random.below(1000));
    map.set('big', 12345678901234n);
    map.set('bytes', new Uint8Array([1, 2, 3]));
    map.set('any', { a: [true, null, undefined, 1.5, -7, 'x', { b: {} }] });
    map.set('n', 2);
    const array = doc.getArray('c array');
    array.push([1, 2, 3, 'four', [5]]);
    const inner = new Y.Map();
    array.push([inner]);
    inner.set('deep', new Y.Array());
    array.delete(1, 2);
    const xml = doc.getXmlFragment('c xml');
    const paragraph = new Y.XmlElement('p');
    xml.insert(0, [paragraph]);
    paragraph.setAttribute('class', 'x');
    paragraph.insert(0, [new Y.XmlText('in xml'), new Y.XmlHook('hook')]);
    doc.getMap('c subdocs').set('child', new Y.Doc());
    updates.push(Y.encodeStateAsUpdate(doc));
  }
  return updates.map((update) => Buffer.from(update));
}

// One small wound: truncation, flipped bits, changed, repeated, swapped or inflated bytes.
export function wounded(update, random) {
  const bytes = Buffer.from(update);
  const at = random.below(bytes.length);
  switch (random.below(7)) {
    case 0: return bytes.subarray(0, at);
    case 1:
      bytes[at] ^= 1 << random.below(8);
      return bytes;
    case 2:
      for (let i = 1 + random.below(8); i > 0; i--) bytes[random.below(bytes.length)] ^= 1 << random.below(8);
      return bytes;
    case 3:
      bytes[at] = random.below(256);
      return bytes;
    case 4: return Buffer.concat([bytes.subarray(0, at), Buffer.from(Array.from({ length: 1 + random.below(9) }, () => random.below(256))), bytes.subarray(at)]);
    case 5: {
      const end = Math.min(bytes.length, at + 1 + random.below(20));
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    }
    default: return Buffer.concat([bytes.subarray(0, at), Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]), bytes.subarray(at + 1)]);
  }
}

// A message of the y-websocket dialect around an update.
export function updateMessage(update, kind = 2) {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 0);
  encoding.writeVarUint(encoder, kind);
  encoding.writeVarUint8Array(encoder, update);
  return Buffer.from(encoding.toUint8Array(encoder));
}

// Bytes from numbers (varUint), strings (varString) and buffers (as they are).
export function bytes(...parts) {
  const encoder = encoding.createEncoder();
  for (const part of parts) {
    if (typeof part === 'bigint') writeBigVarUint(encoder, part);
    else if (typeof part === 'number') encoding.writeVarUint(encoder, part);
    else if (typeof part === 'string') encoding.writeVarString(encoder, part);
    else encoding.writeUint8Array(encoder, part);
  }
  return Buffer.from(encoding.toUint8Array(encoder));
}

// Past what lib0 itself can write.
function writeBigVarUint(encoder, value) {
  while (value > 127n) {
    encoding.write(encoder, Number(value & 127n) | 128);
    value >>= 7n;
  }
  encoding.write(encoder, Number(value));
}
