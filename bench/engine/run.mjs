// The engine beside npm yjs, doing the same work in the same run.
//
//   node bench/engine/run.mjs [--trace FILE.json.gz] [--edits N] [--repeat 5] [--bench PROGRAM] [--out FILE.json]
//
// The work: one text typed one character at a time. With --trace (or SYMPHONY_TRACE) a recorded editing trace
// ({txns: [{patches: [[position, deleted, inserted]]}]}), else a generated one with a similar profile: runs of typing at
// a place, small deletions, jumps. Measured: decode (the whole state into an empty document), relay (every update
// applied one by one with somebody listening for what to pass on), encode (the whole state), diff (against a state
// vector 100 edits old), and the heap of one loaded document. Times are the median of --repeat runs.
import { spawnSync, execSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { createRequire } from 'node:module';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const require = createRequire(join(root, 'tests', 'package.json'));
const Y = require('yjs');
const yjsVersion = JSON.parse(readFileSync(join(dirname(require.resolve('yjs')), '..', 'package.json'))).version;

const { values: args } = parseArgs({
  options: {
    trace: { type: 'string', default: process.env.SYMPHONY_TRACE },
    edits: { type: 'string' },
    repeat: { type: 'string', default: '5' },
    bench: { type: 'string', default: join(root, 'build', 'release', 'bench', 'engine_bench') },
    out: { type: 'string' },
  },
});
const repeat = Number(args.repeat);

function recordedEdits(file) {
  const trace = JSON.parse(gunzipSync(readFileSync(file)));
  return trace.txns.flatMap((txn) => txn.patches);
}

// Typing as people do it: runs forward from a place, a third of the strokes backspaces in short bursts, then a jump.
function generatedEdits(count) {
  let seed = 1;
  const random = (n) => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return seed % n;
  };
  const edits = [];
  let length = 0;
  while (edits.length < count) {
    let at = random(length + 1);
    for (let burst = 5 + random(60); burst > 0 && edits.length < count; burst--) {
      if (random(10) < 3 && at > 0) {
        edits.push([--at, 1, '']);
        length--;
      } else {
        edits.push([at++, 0, String.fromCharCode(97 + random(26))]);
        length++;
      }
    }
  }
  return edits;
}

function record(edits) {
  const doc = new Y.Doc();
  doc.clientID = 3141592653;
  const updates = [];
  doc.on('update', (update) => updates.push(update));
  const text = doc.getText('text');
  let vector = Y.encodeStateVector(doc);
  edits.forEach(([at, deleted, inserted], i) => {
    if (i === edits.length - 100) vector = Y.encodeStateVector(doc);
    doc.transact(() => {
      if (deleted > 0) text.delete(at, deleted);
      if (inserted) text.insert(at, inserted);
    });
  });
  return { updates, vector, state: Y.encodeStateAsUpdate(doc) };
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

function timed(work, times = repeat) {
  const took = [];
  for (let i = 0; i < times; i++) {
    const start = process.cpuUsage();
    work();
    const used = process.cpuUsage(start);
    took.push((used.user + used.system) / 1000);
  }
  return median(took);
}

// Short work is repeated within one measurement, so that the clock's grain does not matter.
const timedMany = (work, n) => timed(() => { for (let i = 0; i < n; i++) work(); }) / n;

function measureYjs({ state, updates, vector }) {
  const load = () => {
    const doc = new Y.Doc();
    Y.applyUpdate(doc, state);
    return doc;
  };
  for (let i = 0; i < 3; i++) load();
  const doc = load();
  const result = {
    decode: timedMany(load, 5),
    relay: timed(() => {
      const replica = new Y.Doc();
      replica.on('update', () => {});
      for (const update of updates) Y.applyUpdate(replica, update);
    }, Math.min(repeat, 3)),
    encode: timedMany(() => Y.encodeStateAsUpdate(doc), 10),
    diff: timedMany(() => Y.encodeStateAsUpdate(doc, vector), 50),
  };
  if (global.gc) {
    global.gc();
    const before = process.memoryUsage().heapUsed;
    const docs = Array.from({ length: 20 }, load);
    global.gc();
    result.memory = (process.memoryUsage().heapUsed - before) / docs.length;
  }
  return result;
}

function measureEngine(folder) {
  const run = spawnSync(args.bench, [`--benchmark_repetitions=${repeat}`, '--benchmark_format=json', '--benchmark_min_time=0.1'],
    { env: { ...process.env, SYMPHONY_BENCH_FIXTURE: folder }, maxBuffer: 1 << 26 });
  if (run.error) throw new Error(`${args.bench} does not run (${run.error.message}): build it with ninja -C build/release engine_bench`);
  if (run.status !== 0) throw new Error(run.stderr.toString());
  const result = {};
  for (const entry of JSON.parse(run.stdout).benchmarks) {
    const name = entry.name.split('/')[0].replace(/_median$/, '');
    if (name === 'memory') result.memory ??= entry.bytes;
    else if (entry.aggregate_name === 'median') result[name] = entry.cpu_time;
  }
  return result;
}

if (!global.gc) {  // the heap can only be weighed when the collector can be called
  const child = spawnSync(process.execPath, ['--expose-gc', ...process.argv.slice(1)], { stdio: 'inherit' });
  process.exit(child.status ?? 1);
}

let edits = args.trace ? recordedEdits(args.trace) : generatedEdits(Number(args.edits ?? 100000));
if (args.edits) edits = edits.slice(0, Number(args.edits));
console.log(`${edits.length} edits from ${args.trace ? 'a recorded trace' : 'a generated trace'}; recording them with yjs ${yjsVersion} ..`);
const fixture = record(edits);
const folder = mkdtempSync(join(os.tmpdir(), 'symphony-bench-'));
try {
  writeFileSync(join(folder, 'state.bin'), fixture.state);
  writeFileSync(join(folder, 'vector.bin'), fixture.vector);
  writeFileSync(join(folder, 'updates.bin'), Buffer.concat(fixture.updates.flatMap((update) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(update.length);
    return [length, update];
  })));
  console.log('measuring the engine ..');
  const engine = measureEngine(folder);
  console.log('measuring yjs ..');
  const yjs = measureYjs(fixture);
  const rows = ['decode', 'relay', 'encode', 'diff', 'memory'].filter((name) => yjs[name] !== undefined);
  const show = (name, value) => (name === 'memory' ? `${(value / 1024).toFixed(0)} KiB` : `${value.toPrecision(3)} ms`);
  console.log(`\n${'work'.padEnd(8)}${'engine'.padStart(14)}${'yjs'.padStart(14)}${'engine/yjs'.padStart(14)}`);
  for (const name of rows) {
    console.log(name.padEnd(8) + show(name, engine[name]).padStart(14) + show(name, yjs[name]).padStart(14)
      + (engine[name] / yjs[name]).toFixed(4).padStart(14));
  }
  if (args.out) {
    const commit = execSync('git rev-parse --short HEAD', { cwd: root }).toString().trim();
    writeFileSync(args.out, JSON.stringify({
      date: new Date().toISOString(), commit, cpu: os.cpus()[0].model, cores: os.cpus().length, node: process.version,
      yjs: yjsVersion, trace: args.trace ? 'recorded' : 'generated', edits: edits.length, state_bytes: fixture.state.length,
      unit: { decode: 'ms CPU', relay: 'ms CPU', encode: 'ms CPU', diff: 'ms CPU', memory: 'bytes of heap' }, engine, npm_yjs: yjs,
    }, null, 2) + '\n');
  }
  const behind = rows.filter((name) => engine[name] >= yjs[name]);
  if (behind.length > 0) {
    console.error(`the engine is behind yjs in: ${behind.join(', ')}`);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
