// Who runs what, and what the figures should be.

// `format`: whose bytes it reads. `program`: built from this folder, else a JavaScript package run by worker.mjs.
export const peers = [
  { name: 'symphony', format: 'yjs', program: 'engines_symphony' },
  { name: 'yjs', format: 'yjs' },
  { name: 'yjs-cjs', format: 'yjs' },
  { name: 'yjs14', format: 'yjs' },
  { name: 'ywasm', format: 'yjs' },
  { name: 'yrs', format: 'yjs', program: 'engines-yrs' },
  { name: 'loro', format: 'loro' },
  { name: 'automerge', format: 'automerge' },
  { name: 'floor', format: 'yjs', program: 'engines_floor' },
];

// Who records the fixtures of a format.
export const recorders = { yjs: 'yjs', loro: 'loro', automerge: 'automerge' };

export const operations = {
  edit: 'edit locally, an update for each transaction',
  relay: 'apply every update by itself, with a listener',
  exchange: 'each takes in what the other has',
  decode_v1: 'decode v1',
  decode_read: 'decode v1, then read all of it as plain values',
  decode_v2: 'decode v2',
  encode_v1: 'encode v1',
  encode_v2: 'encode v2',
  encode_again: 'encode v1 again, unchanged',
  diff: 'diff against a vector 100 edits old, of a document just loaded',
  merge_1000: 'merge 1,000 updates without a document',
  merge_4000: 'merge 4,000 updates',
  merge_all: 'merge all updates',
  memory: 'memory, loaded',
  memory_idle: 'memory, idle',
};
export const isMemory = (operation) => operation.startsWith('memory');

const basic = ['edit', 'relay', 'decode_v1', 'decode_read', 'encode_v1'];
const whole = ['decode_v1', 'decode_read', 'decode_v2', 'encode_v1', 'encode_v2', 'encode_again', 'diff'];
const merges = ['merge_1000', 'merge_4000', 'merge_all'];
const memory = ['memory', 'memory_idle'];
const sequential = ['edit', 'relay', ...whole, ...merges, ...memory];
const concurrent = ['relay', ...whole, ...merges, ...memory];

// workload -> operations, in the order of the table.
const full = {
  'b1.1': basic, 'b1.2': basic, 'b1.3': basic, 'b1.4': [...basic, 'memory'], 'b1.5': basic, 'b1.5L': basic, 'b1.6': basic,
  'b1.7': [...basic, 'memory'], 'b1.8': basic, 'b1.9': basic, 'b1.10': basic, 'b1.11': [...basic, 'memory'],
  'b2.1': ['relay', 'exchange', 'decode_v1', 'decode_read', 'encode_v1'],
  'b2.2': ['relay', 'exchange', 'decode_v1', 'decode_read', 'encode_v1'],
  'b2.3': ['relay', 'exchange', 'decode_v1', 'decode_read', 'encode_v1'],
  'b2.4': ['relay', 'exchange', 'decode_v1', 'decode_read', 'encode_v1', 'memory'],
  'b3.1': ['relay', 'decode_v1', 'decode_read', 'encode_v1', 'memory'],
  'b3.2': ['relay', 'decode_v1', 'decode_read', 'encode_v1'],
  'b3.3': ['relay', 'decode_v1', 'decode_read', 'encode_v1'],
  'b3.4': ['relay', 'decode_v1', 'decode_read', 'encode_v1', 'memory'],
  b4: sequential,
  b4x100: [...whole, ...memory],
  rustcode: sequential, sveltecomponent: sequential, 'seph-blog1': sequential,
  friendsforever: concurrent, clownschool: concurrent,
  small: [...basic, ...memory],
};
// What is enough to see that all of it still works.
const small = {
  'b1.4': basic, 'b2.4': ['relay', 'exchange'], 'b3.2': ['relay', 'decode_v1'],
  b4: ['edit', 'relay', ...whole, 'merge_1000', 'memory'], b4x100: ['decode_v1'], small: ['decode_v1', ...memory],
};
export const plans = { full, small };

const oneByOne = new Set(['edit', 'relay', 'diff', 'merge_1000', 'merge_4000', 'merge_all']);
const traces = new Set(['b4', 'rustcode', 'sveltecomponent', 'seph-blog1']);

const unheard = new Set(['b2.2', 'b2.3', 'b2.4', 'b3.1', 'b3.2', 'b3.3', 'b3.4']);
const likeOthers = new Set(['b1.1', 'b1.3', 'b1.5', 'b1.7', 'b1.8', 'b1.10', 'b1.11', 'b2.2', 'b2.3', 'b2.4']);

// Why a peer does not run something, or undefined.
export function notRun(peer, workload, operation, small) {
  if (small && ['yrs', 'yjs-cjs'].includes(peer)) return 'only in a full run';
  if (peer === 'loro' && operation === 'relay' && unheard.has(workload)) return 'minutes: concurrent updates one by one';
  if (peer === 'loro' && workload === 'b4x100') return 'its state would have to be typed: minutes';
  if (peer === 'yjs-cjs' && !['b4', 'b4x100', 'small'].includes(workload)) return 'see b4';
  if (peer !== 'automerge') return undefined;
  if (workload === 'b4x100') return 'its state would have to be typed: minutes';
  if (workload === 'friendsforever' || workload === 'clownschool') return 'about 2 ms a change: minutes';
  if (traces.has(workload) && oneByOne.has(operation)) return 'about 2 ms a change: minutes';
  if (!small && likeOthers.has(workload)) return 'about 2 ms a change; see b1.4';
  return undefined;
}

// A peer that takes milliseconds for a change records a long text as a single one.
export const atOnce = (peer, workload) => peer === 'automerge' && traces.has(workload);

const mb = 1e6;
// What the engine is to reach: milliseconds, or bytes of a document. `ofYjs`: and at most this part of what Yjs takes. These
// parts were set when Yjs was measured as Node servers load it, from its CommonJS files: yjs-cjs.
export const targets = [
  { workload: 'b4', operation: 'decode_v1', most: 0.8, ofYjs: 1 / 25 },
  { workload: 'b4', operation: 'decode_v2', most: 1.2 },
  { workload: 'b4', operation: 'encode_v1', most: 0.35 },
  { workload: 'b4', operation: 'encode_again', most: 0.03, why: 'nothing but a copy' },
  { workload: 'b4', operation: 'relay', most: 110, ofYjs: 1 / 30 },
  { workload: 'b4', operation: 'merge_all', most: 40 },
  { workload: 'b4', operation: 'diff', most: 0.02 },
  { workload: 'b4', operation: 'edit', most: 100 },
  { workload: 'b4', operation: 'memory', most: 0.45 * mb },
  { workload: 'b4', operation: 'memory_idle', most: 0.165 * mb },
  { workload: 'small', operation: 'memory', most: 1500 },
  { workload: 'small', operation: 'memory_idle', most: 400 },
  { workload: 'b4x100', operation: 'decode_v1', most: 100 },
  { workload: 'b4x100', operation: 'memory', most: 45 * mb },
];
