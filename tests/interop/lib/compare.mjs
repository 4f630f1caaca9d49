// Where an answer of the engine differs from the reference's: a sentence, or null when nothing does. Without `peer` the
// engine's updates are Yjs's 'update' events, byte for byte; with it they are what makes that peer know what the server knows.
import * as Y from 'yjs';
import { base64, bytesOf, readRoot, sorted } from './reference.mjs';

const hex = (text) => Buffer.from(bytesOf(text)).toString('hex');

export function difference(expected, actual, step, peer = null) {
  if (!actual.ok) return `the engine refused what Yjs accepted: ${actual.code}: ${actual.error}`;
  if (expected.sv !== actual.sv) return unequal('state vector', hex(expected.sv), hex(actual.sv));
  if (expected.state !== actual.state) return unequal('encodeStateAsUpdate', hex(expected.state), hex(actual.state));
  if (expected.state_v2 !== undefined && expected.state_v2 !== actual.state_v2) return unequal('encodeStateAsUpdateV2', hex(expected.state_v2), hex(actual.state_v2));
  const event = peer ? peer.difference(expected, actual, step) : eventDifference(expected.updates, actual.updates);
  if (event !== null) return event;
  if (expected.updates.length > 0 !== (actual.changed ?? expected.updates.length > 0)) return unequal('changed', expected.updates.length > 0, actual.changed);
  if (expected.has_pending !== actual.has_pending) return unequal('pending', expected.has_pending, actual.has_pending);
  for (let i = 0; i < expected.values.length; i++) {
    if (expected.values[i] !== actual.values[i]) return unequal(step.reads[i].join(' '), expected.values[i], actual.values[i]);
  }
  for (let i = 0; i < expected.diffs.length; i++) {
    if (expected.diffs_v2 !== undefined && expected.diffs_v2[i] !== actual.diffs_v2[i]) {
      return unequal(`v2 diff against ${Buffer.from(step.diffs[i]).toString('hex')}`, hex(expected.diffs_v2[i]), hex(actual.diffs_v2[i]));
    }
    if (expected.diffs[i] !== actual.diffs[i]) {
      return unequal(`diff against ${Buffer.from(step.diffs[i]).toString('hex')}`, hex(expected.diffs[i]), hex(actual.diffs[i]));
    }
  }
  const missing = expected.roots.filter((name) => !actual.roots.includes(name));
  if (missing.length > 0) return unequal('roots', expected.roots, actual.roots);
  return actual.broken ? `broken invariant: ${actual.broken}` : null;
}

function eventDifference(expected, actual) {
  for (let i = 0; i < Math.max(expected.length, actual.length); i++) {
    const [wanted, got] = [expected[i], actual[i]];
    if (wanted !== got) return unequal(`'update' event ${i + 1} (Yjs ${expected.length}, engine ${actual.length})`, wanted ? hex(wanted) : 'none', got ? hex(got) : 'none');
  }
  return null;
}

// A Yjs document that gets nothing but the engine's updates.
export class Peer {
  doc = new Y.Doc({ gc: false });

  difference(expected, actual, step) {
    for (const update of actual.updates) Y.applyUpdate(this.doc, bytesOf(update));
    const sv = base64(Y.encodeStateVector(this.doc));
    if (sv !== expected.sv) return unequal('state vector of a peer that got the updates', hex(expected.sv), hex(sv));
    if (!step.check) return null;
    for (const [index, read] of step.reads.entries()) {
      const [seen, wanted] = [readRoot(this.doc, read), expected.values[index]].map((value) => sorted(value, read));
      if (seen !== wanted) return unequal(`${read.join(' ')} at a peer that got the updates`, wanted, seen);
    }
    return null;
  }
}

// The two values around the first character in which they differ.
export function unequal(what, expected, actual) {
  const [a, b] = [String(expected), String(actual)];
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  const from = Math.max(0, at - 120);
  const cut = (text) => `${from > 0 ? '..' : ''}${text.slice(from, at + 200)}${text.length > at + 200 ? '..' : ''} (${text.length})`;
  return `${what}, from character ${at}\n    Yjs:    ${cut(a)}\n    engine: ${cut(b)}`;
}
