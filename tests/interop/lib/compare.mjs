// Where an answer of the engine differs from the reference's: a sentence, or null when nothing does.
import { bytesOf } from './reference.mjs';

const hex = (text) => Buffer.from(bytesOf(text)).toString('hex');

export function difference(expected, actual, step) {
  if (!actual.ok) return `the engine refused what Yjs accepted: ${actual.code}: ${actual.error}`;
  if (expected.sv !== actual.sv) return unequal('state vector', hex(expected.sv), hex(actual.sv));
  if (expected.state !== actual.state) return unequal('encodeStateAsUpdate', hex(expected.state), hex(actual.state));
  for (let i = 0; i < Math.max(expected.updates.length, actual.updates.length); i++) {
    if (expected.updates[i] === actual.updates[i]) continue;
    return unequal(`'update' event ${i + 1} (Yjs ${expected.updates.length}, engine ${actual.updates.length})`,
      expected.updates[i] === undefined ? 'none' : hex(expected.updates[i]), actual.updates[i] === undefined ? 'none' : hex(actual.updates[i]));
  }
  if (expected.updates.length > 0 !== (actual.changed ?? expected.updates.length > 0)) return unequal('changed', expected.updates.length > 0, actual.changed);
  if (expected.has_pending !== actual.has_pending) return unequal('pending', expected.has_pending, actual.has_pending);
  for (let i = 0; i < expected.values.length; i++) {
    if (expected.values[i] !== actual.values[i]) return unequal(step.reads[i].join(' '), expected.values[i], actual.values[i]);
  }
  for (let i = 0; i < expected.diffs.length; i++) {
    if (expected.diffs[i] !== actual.diffs[i]) {
      return unequal(`diff against ${Buffer.from(step.diffs[i]).toString('hex')}`, hex(expected.diffs[i]), hex(actual.diffs[i]));
    }
  }
  const missing = expected.roots.filter((name) => !actual.roots.includes(name));
  if (missing.length > 0) return unequal('roots', expected.roots, actual.roots);
  return actual.broken ? `broken invariant: ${actual.broken}` : null;
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
