// Yjs and the engine side by side: the same updates in the same order, compared after every one.
//
//   node tests/interop/differential.mjs [--steps 100000] [--seed 1] [--runs 1] [--jobs 2] [--tool PATH] [--against yjs] [--report FILE]
//
// A run is a few Yjs clients with every shared type, a network that reorders, repeats, loses and merges, and a server: an
// npm-yjs Y.Doc, untyped (as y-websocket keeps it) or asked for some texts by name at some time, and the engine. A step is one update that reaches the server. After each:
// state vector, encodeStateAsUpdate, 'update' events, what is pending, and the JSON and delta of every root are equal, byte
// for byte; every few steps diffs against state vectors and the engine's invariants too. Runs have the seeds --seed,
// --seed + 1, ..; a run that fails can be repeated alone with `--seed <its seed> --runs 1`, and its shortest failing list of
// updates is printed in hex. In a tenth of the runs all updates come as v2. After some steps the functions that work on
// updates without a document (merge, diff, conversion, state vector, meta; v1 and v2) get a random choice of the run's
// updates; and snapshots are taken, and documents restored as of earlier ones where nothing is collected. In a quarter of the runs the engine may forward an update as it came instead of writing it again;
// then a third document, fed with nothing but what the engine gives out, must know and show what the server does.
//
// Two exceptions to byte equality are documented for Yjs itself: peers may disagree about GC structs left by the deletion
// of nested types, and an UndoManager keeps items from collection in its own document only. Both are differences between
// two documents with different histories, so what is compared with clients at the end of a run is state vectors and
// JSON. Engine and server have one history, and one exception: Yjs keeps only the last of the clocks that what is set aside
// waits for, so that a struct may stay there although all it needs has come (src/crdt/integrate/apply.cpp, set_aside_stack), until
// something else wakes it. The engine integrates it at once. A run in which the engine shows exactly what Yjs shows when it
// is given its own state again, ends there and is counted.
import { fork } from 'node:child_process';
import { appendFileSync, existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as Y from 'yjs';
import { difference, Peer, unequal } from './lib/compare.mjs';
import { EngineTool, YjsTool } from './lib/engine.mjs';
import { Prng } from './lib/prng.mjs';
import { base64, readRoot, Reference, sorted } from './lib/reference.mjs';
import { allReads, command, shrink } from './lib/replay.mjs';
import { Script } from './lib/script.mjs';
import { snapshotCases, snapshotDifference } from './lib/snapshots.mjs';
import { updatesCase, updatesDifference } from './lib/updates.mjs';

const { values: args } = parseArgs({
  options: {
    steps: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1000000' },
    tool: { type: 'string' },
    against: { type: 'string', default: 'engine' },
    failures: { type: 'string', default: '5' },
    jobs: { type: 'string', default: String(Math.min(4, availableParallelism())) },
    report: { type: 'string' },
  },
});
const openTool = () => (args.against === 'yjs' ? new YjsTool() : new EngineTool(args.tool ?? builtTool()));

function builtTool() {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
  const found = ['dev', 'release'].map((preset) => join(root, 'build', preset, 'tests', 'engine_tool')).find(existsSync);
  if (!found) throw new Error('no engine_tool: build it (ninja -C build/dev engine_tool) or name it with --tool');
  return found;
}

// Most runs are short, so that documents are small and the cost is in the variety; one in a hundred is long.
const lengthOf = (seed) => (seed % 100 === 0 ? 1000 : 40 + (seed * 7919) % 160);

// One run: the script drives the reference at once, and the engine's answers are compared as they come.
class Run {
  constructor(tool, seed) {
    this.tool = tool;
    this.seed = seed;
    this.script = new Script(seed, lengthOf(seed));
    this.name = `run ${seed}`;
    this.mode = this.script.mode;
    this.rng = new Prng(seed + 2 ** 40);
    this.reference = new Reference(this.mode);
    this.peer = this.mode.forward ? new Peer() : null;
    this.history = [];
    this.snapshots = [];
    this.failure = null;   // { index, what }
    this.passed = 0;
    this.answers = [];
  }

  get doc() { return this.reference.doc; }

  // The host of the script.
  deliver(update, note, diffs) {
    const index = this.history.length;
    const step = { update, note, diffs, reads: allReads, check: index % 8 === 0 || this.script.ends };
    if (this.mode.v2) Object.assign(step, { update: Y.convertUpdateFormatV1ToV2(update), v: 2 });
    if (this.mode.texts?.from === index) step.texts = this.mode.texts.names;
    this.history.push(step);
    if (this.rng.chance(0.2)) this.#functions(index);
    const expected = this.reference.step(step);
    this.#expect(expected, step, index, this.peer);
    if (this.rng.chance(this.mode.gc ? 0.02 : 0.2)) this.#snapshots(index);
    return this.reference.emitted;
  }

  #expect(expected, step, index, peer) {
    const answer = this.tool.send(command(this.name, step));
    this.answers.push(answer.then(
      (actual) => this.#judge(difference(expected, actual, step, peer), index, actual),
      (error) => this.#judge(error.message, index),
    ));
  }

  // Some updates of the run's past, and what the functions on updates make of them.
  #functions(index) {
    const { rng } = this;
    const version = rng.pick([1, 2]);
    const inVersion = ({ update, v = 1 }) => {
      if (v === version) return update;
      return version === 2 ? Y.convertUpdateFormatV1ToV2(update) : Y.convertUpdateFormatV2ToV1(update);
    };
    const updates = Array.from({ length: rng.between(1, 6) }, () => inVersion(rng.chance(0.5) ? this.history[rng.below(index + 1)] : this.history[Math.max(0, index - rng.below(6))]));
    if (rng.chance(0.1)) updates.push(version === 2 ? Y.encodeStateAsUpdateV2(this.doc) : Y.encodeStateAsUpdate(this.doc));
    const wanted = updatesCase(version, updates, Y.encodeStateVector(rng.chance(0.5) ? this.doc : rng.pick(this.script.clients.filter((one) => !one.isModern)).doc));
    this.#ask(wanted, updatesDifference, index);
  }

  // A snapshot of now, and of an earlier one what a document restored from it is and which updates it contains.
  #snapshots(index) {
    const { rng } = this;
    const { doc } = this.reference;
    const updates = Array.from({ length: 4 }, () => this.history[rng.below(index + 1)]).filter(({ v }) => v !== 2).map(({ update }) => update);
    const earlier = this.snapshots.length > 0 ? rng.pick(this.snapshots) : null;
    for (const wanted of snapshotCases(this.name, doc, earlier, updates, rng.pick([1, 2]))) this.#ask(wanted, snapshotDifference, index);
    this.snapshots.push(Y.snapshot(doc));
  }

  #ask(wanted, compare, index) {
    this.answers.push(this.tool.send(wanted.command).then((actual) => {
      const what = compare(wanted, actual);
      if (what !== null) this.#judge(what, index);
    }));
  }

  #judge(what, index, actual = null) {
    if (what === null) this.passed++;
    else if (this.failure === null || index < this.failure.index) this.failure = { index, what, actual };
  }

  // Whether it failed at the exception described above, and at nothing else: Yjs with its own state, read again.
  get waitsOn() {
    const { index, actual } = this.failure;
    if (actual?.sv === undefined || index >= this.history.length) return false;
    const reference = new Reference(this.mode);
    for (const step of this.history.slice(0, index + 1)) reference.step(step);
    if (base64(Y.encodeStateVector(reference.doc)) === actual.sv) return false;
    const again = new Reference(this.mode);
    const shown = again.step({ update: Y.encodeStateAsUpdate(reference.doc), reads: allReads });
    return shown.sv === actual.sv && shown.values.every((value, i) => sorted(value, allReads[i]) === sorted(actual.values[i], allReads[i]));
  }

  async play() {
    this.tool.send({ op: 'new', doc: this.name, ...this.mode }).catch(() => {});
    this.script.start(this);
    try {
      this.script.run();
      this.#finish();
    } catch (error) {
      this.failure = { index: this.history.length - 1, what: `the harness failed: ${error.stack}` };
    }
    await Promise.all(this.answers);
    this.tool.send({ op: 'drop', doc: this.name }).catch(() => {});
  }

  // The state alone makes the same document again, in the engine as in Yjs, and the clients see what the server sees.
  #finish() {
    const whole = { update: Y.encodeStateAsUpdate(this.doc), diffs: [], reads: allReads, check: true, texts: this.mode.texts?.names };
    const loaded = new Reference(this.mode);
    this.tool.send({ op: 'new', doc: this.name, ...this.mode }).catch(() => {});
    this.#expect(loaded.step(whole), whole, this.history.length, this.mode.forward ? new Peer() : null);
    this.history.push(whole);
    this.reloads = true;
    const sv = base64(Y.encodeStateVector(this.doc));
    for (const client of this.script.clients) {
      const { doc } = client;
      if (base64(client.Y.encodeStateVector(doc)) !== sv) throw new Error(`client ${doc.clientID} has another state vector than the server`);
      if (this.script.options.pairs || client.isModern) continue;  // Yjs 14 has no types to read
      for (const read of allReads) {
        const [expected, seen] = [this.doc, doc].map((one) => sorted(readRoot(one, read), read));
        if (seen !== expected) throw new Error(unequal(`client ${doc.clientID} (below as engine) reads ${read.join(' ')}`, expected, seen));
      }
    }
  }
}

async function report(run) {
  const { index, what } = run.failure;
  const mode = `gc ${run.mode.gc}, forward ${run.mode.forward}`;
  const lines = [`run with seed ${run.seed} (${mode}) fails at step ${index}: ${run.history[index]?.note ?? 'reload of the whole state'}`, `  ${what}`];
  const reload = run.reloads && index === run.history.length - 1;
  const found = await shrink(openTool, reload ? [run.history[index]] : run.history.slice(0, index + 1), run.mode);
  if (found === null) {
    lines.push('  (the updates alone do not repeat it)');
  } else {
    lines.push(`  shortest failing list found, ${found.steps.length} of ${index + 1} updates, ${mode}:`);
    for (const { update } of found.steps) lines.push(`    ${Buffer.from(update).toString('hex')}`);
    lines.push(`  ${found.what}`);
  }
  lines.push(`  repeat: node tests/interop/differential.mjs --seed ${run.seed} --runs 1`);
  return lines.join('\n');
}

// Seeds first, first + stride, .. until `steps` have passed or too many runs have failed.
async function playRuns({ first, stride, steps, runs, failures }) {
  const counts = { passed: 0, failed: 0, runs: 0, waiting: 0 };
  let tool = openTool();
  for (let seed = first; counts.passed < steps && counts.runs < runs && counts.failed < failures; seed += stride) {
    if (tool.ended) tool = openTool();
    const run = new Run(tool, seed);
    await run.play();
    counts.runs++;
    counts.passed += run.passed;
    if (run.failure === null) continue;
    if (run.waitsOn) {
      counts.waiting++;
      continue;
    }
    counts.failed++;
    const text = await report(run);
    console.log(text);
    if (args.report) appendFileSync(args.report, `${text}\n\n`);
  }
  tool.close();
  return counts;
}

// The same in several processes: Yjs is the slow half, and it has one thread.
async function playJobs(jobs) {
  const share = (total) => Math.ceil(total / jobs);
  const results = await Promise.all(Array.from({ length: jobs }, (_unused, job) => new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), process.argv.slice(2), {
      env: { ...process.env, DIFFERENTIAL_JOB: JSON.stringify({
        first: Number(args.seed) + job, stride: jobs, steps: share(Number(args.steps)), runs: share(Number(args.runs)), failures: share(Number(args.failures)),
      }) },
    });
    child.once('message', resolve);
    child.once('exit', (code, signal) => reject(new Error(`a job ended without a result (${signal ?? code})`)));
  })));
  return results.reduce((sum, one) => ({ passed: sum.passed + one.passed, failed: sum.failed + one.failed, runs: sum.runs + one.runs, waiting: sum.waiting + one.waiting }));
}

if (process.env.DIFFERENTIAL_JOB) {
  const counts = await playRuns(JSON.parse(process.env.DIFFERENTIAL_JOB));
  process.send(counts, () => process.disconnect());
} else {
  const started = Date.now();
  console.log(`differential: seed ${args.seed}, ${args.steps} steps, Yjs against ${args.against}`);
  const counts = await playJobs(Number(args.jobs));
  const seconds = (Date.now() - started) / 1000;
  console.log(`${counts.runs} runs from seed ${args.seed} in ${seconds.toFixed(1)} s, ${Math.round(counts.passed / seconds)} steps a second`);
  if (counts.waiting > 0) console.log(`${counts.waiting} runs ended where Yjs waits on for what has come`);
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
}
