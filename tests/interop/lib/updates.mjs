// Updates without a document: what Yjs's functions make of some updates, beside the engine's.
import * as Y from 'yjs';
import { unequal } from './compare.mjs';
import { base64 } from './reference.mjs';

const v1 = {
  merge: Y.mergeUpdates, diff: Y.diffUpdate, sv: Y.encodeStateVectorFromUpdate, meta: Y.parseUpdateMeta, convert: Y.convertUpdateFormatV1ToV2,
};
const v2 = {
  merge: Y.mergeUpdatesV2, diff: Y.diffUpdateV2, sv: Y.encodeStateVectorFromUpdateV2, meta: Y.parseUpdateMetaV2, convert: Y.convertUpdateFormatV2ToV1,
};

// Updates of `version` merged, and what the other functions say of the result: the command to the engine and the answer
// that Yjs would give to it.
export function updatesCase(version, updates, sv) {
  const functions = version === 2 ? v2 : v1;
  const merged = functions.merge(updates);
  const { from, to } = functions.meta(merged);
  return {
    command: { op: 'updates', v: version, of: updates.map(base64), sv: base64(sv) },
    expected: {
      merged: base64(merged),
      diff: base64(functions.diff(merged, sv)),
      sv: base64(functions.sv(merged)),
      meta: [...from].map(([client, clock]) => `${client} ${clock} ${to.get(client)},`).join(''),
      converted: base64(functions.convert(merged)),
    },
  };
}

// A sentence about the first difference, or null.
export function updatesDifference({ command, expected }, actual) {
  for (const [what, value] of Object.entries(expected)) {
    if (value === actual[what]) continue;
    const all = command.of.map((update) => Buffer.from(update, 'base64').toString('hex')).join(' ');
    const input = all.length < 4000 ? all : `${all.slice(0, 4000)}..`;
    const [wanted, got] = [value, String(actual[what])].map((text) => (what === 'meta' || text.startsWith('refused') ? text : Buffer.from(text, 'base64').toString('hex')));
    return `${unequal(`${what} of ${command.of.length} updates (v${command.v})`, wanted, got)}\n    state vector ${Buffer.from(command.sv, 'base64').toString('hex')}, updates ${input}`;
  }
  return null;
}
