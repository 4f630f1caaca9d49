// Recorded editing, and a stand-in for those who do not have the recordings.
//
// A folder of traces holds <name>.json.gz in the form of the public collection josephg/editing-traces: sequential ones are
// { startContent, endContent, txns: [{ patches: [[position, deleted, inserted]] }] }, concurrent ones have for each
// transaction its agent and its parents: indexes of the transactions whose merge it starts from.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { random } from './random.mjs';

function read(folder, name) {
  const path = folder && join(folder, `${name}.json.gz`);
  if (!path || !existsSync(path)) return undefined;
  const trace = JSON.parse(gunzipSync(readFileSync(path)));
  // Positions count Unicode characters there and UTF-16 units here: the same as long as all characters are of one unit.
  if (/[\ud800-\udfff]/.test(JSON.stringify(trace.endContent)) || trace.startContent) {
    throw new Error(`${path}: only traces that start empty and have no characters beyond U+FFFF are supported`);
  }
  return trace;
}

const edits = (patches) => patches.map(([position, deleted, inserted]) => ['text', position, deleted, inserted]);

// The first `most` transactions of a recording by one person; undefined when the folder does not have it.
export function sequentialTrace(folder, name, most) {
  const trace = read(folder, name);
  if (!trace) return undefined;
  const whole = most >= trace.txns.length;
  const transactions = trace.txns.slice(0, most).map(({ patches }) => ({ user: 0, sees: [], edits: edits(patches) }));
  return { transactions, content: whole ? trace.endContent : undefined };
}

// The first `most` transactions of a recording by several. Each person is one replica that receives, before a transaction,
// what its parents contain and it has not seen.
export function concurrentTrace(folder, name, most) {
  const trace = read(folder, name);
  if (!trace) return undefined;
  const whole = most >= trace.txns.length;
  const txns = trace.txns.slice(0, most);
  const seen = Array.from({ length: trace.numAgents }, () => new Uint8Array(txns.length));
  const transactions = txns.map(({ agent, parents, patches }, index) => {
    const sees = [];
    const queue = [...parents];
    while (queue.length > 0) {
      const at = queue.pop();
      if (seen[agent][at]) continue;
      seen[agent][at] = 1;
      sees.push(at);
      queue.push(...txns[at].parents);
    }
    seen[agent][index] = 1;
    return { user: agent, sees: sees.sort((a, b) => a - b), edits: edits(patches) };
  });
  return { transactions, content: whole ? trace.endContent : undefined };
}

// Typing with the profile of the recorded paper: 259,778 edits of one character, 30% of them deletions, 105,000
// characters left; bursts of typing forward from a place, backspaces in short bursts, then a jump, which is seldom far.
export function generatedTrace(most) {
  const next = random(1);
  const transactions = [];
  const count = Math.min(most, 259778);
  let length = 0;
  let at = 0;
  while (transactions.length < count) {
    at = next(4) === 0 ? next(length + 1) : Math.max(0, Math.min(length, at + next(200) - 100));
    for (let typed = 8 + next(60); typed > 0 && transactions.length < count; typed--) {
      transactions.push({ user: 0, sees: [], edits: [['text', at++, 0, String.fromCharCode(97 + next(26))]] });
      length++;
    }
    for (let erased = Math.min(at, next(33)); erased > 0 && transactions.length < count; erased--) {
      transactions.push({ user: 0, sees: [], edits: [['text', --at, 1, '']] });
      length--;
    }
  }
  return { transactions, generated: true };
}
