// Snapshots of the reference and of the engine's document, one beside the other.
import * as Y from 'yjs';
import { unequal } from './compare.mjs';
import { base64 } from './reference.mjs';

const hex = (text) => Buffer.from(text, 'base64').toString('hex');

// The present moment, and an earlier one: the commands to the engine with the answers that Yjs would give.
export function* snapshotCases(name, doc, earlier, updates, version) {
  const now = Y.snapshot(doc);
  yield { command: { op: 'snapshot', doc: name }, expected: { v1: base64(Y.encodeSnapshot(now)), v2: base64(Y.encodeSnapshotV2(now)) } };
  if (!earlier) return;
  const bytes = version === 2 ? Y.encodeSnapshotV2(earlier) : Y.encodeSnapshot(earlier);
  const expected = {
    v1: base64(Y.encodeSnapshot(earlier)),
    v2: base64(Y.encodeSnapshotV2(earlier)),
    contains: JSON.stringify(updates.map((update) => Y.snapshotContainsUpdate(earlier, update))),
  };
  if (!doc.gc) expected.restored = base64(Y.encodeStateAsUpdate(Y.createDocFromSnapshot(doc, earlier)));
  yield { command: { op: 'snapshot', doc: name, of: base64(bytes), v: version, updates: updates.map(base64) }, expected };
}

// A sentence about the first difference, or null.
export function snapshotDifference({ command, expected }, actual) {
  if (!actual.ok) return `the engine refused a snapshot: ${actual.error}`;
  for (const [what, value] of Object.entries(expected)) {
    const got = what === 'contains' ? JSON.stringify(actual.contains) : actual[what];
    if (got === value) continue;
    const readable = what === 'contains' || got.startsWith('refused') ? (text) => text : hex;
    return unequal(`snapshot ${command.of ? hex(command.of) : 'of now'}: ${what}`, readable(value), readable(got));
  }
  return null;
}
