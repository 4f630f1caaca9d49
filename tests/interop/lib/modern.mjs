// A client with Yjs 14 among those with 13: the same bytes, but gaps integrate, one update may skip parts of a client, and
// every nested type is written as XML. It only edits what both name alike: lists, texts and entries of roots.
import * as Y14 from '@y/y';
import { roots } from './edits.mjs';
import { keys, randomAttributes, randomString } from './values.mjs';

export const api = Y14;

export function openDocument() {
  const doc = new Y14.Doc();
  return { doc, roots: roots.map(({ name }) => doc.get(name)) };
}

export function randomEdit(rng, { doc, roots: types }, options) {
  doc.transact(() => {
    const type = rng.pick(types);
    const { length } = type;
    const index = rng.between(0, length);
    switch (rng.pickWeighted([[5, 'text'], [2, 'values'], [3, 'delete'], [2, 'format'], [1, 'nested'], [2, 'set'], [0.5, 'unset']])) {
      case 'text': return type.insert(index, randomString(rng, options, 3, false));
      case 'values': return type.insert(index, [rng.pick([1, 'two', 0.5, true]), { three: rng.below(9) }]);
      case 'delete': return length > 0 ? type.delete(Math.min(index, length - 1), Math.min(length - Math.min(index, length - 1), rng.between(1, 3))) : undefined;
      case 'format': return length > 0 ? type.format(Math.min(index, length - 1), 1, randomAttributes(rng)) : undefined;
      case 'set': return type.setAttr(rng.pick(keys), randomString(rng, options, 2, false));
      case 'unset': return type.deleteAttr(rng.pick(keys));
      default: {
        const nested = new Y14.Type();
        type.insert(index, [nested]);
        nested.insert(0, randomString(rng, options, 2, false));
        return nested.setAttr(rng.pick(keys), 'inside');
      }
    }
  });
}
