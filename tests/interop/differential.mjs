// Yjs and the engine side by side: the same updates in the same order, compared after every one.
//
//   node tests/interop/differential.mjs [--steps 100000] [--seed 1] [--runs 1] [--tool PATH] [--against yjs]
//
// A run is a few Yjs clients with every shared type, a network that reorders, repeats, loses and merges, and a server: an
// untyped npm-yjs Y.Doc (as y-websocket keeps) and the engine. A step is one update that reaches the server. After each:
// state vector, encodeStateAsUpdate, 'update' events, what is pending, and the JSON and delta of every root are equal, byte
// for byte; every few steps diffs against state vectors and the engine's invariants too. Runs have the seeds --seed,
// --seed + 1, ..; a run that fails can be repeated alone with `--seed <its seed> --runs 1`, and its shortest failing list of
// updates is printed in hex.
//
// Two exceptions to byte equality are documented for Yjs itself: peers may disagree about GC structs left by the deletion
// of nested types, and an UndoManager keeps items from collection in its own document only. Both are differences between
// two documents with different histories, so what is compared with clients at the end of a run is state vectors and
// JSON. Engine and server have one history: there is no exception.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as Y from 'yjs';
import { difference, unequal } from './lib/compare.mjs';
import { EngineTool, YjsTool } from './lib/engine.mjs';
import { base64, readRoot, Reference, sorted } from './lib/reference.mjs';
import { allReads, command, shrink } from './lib/replay.mjs';
import { Script } from './lib/script.mjs';

const { values: args } = parseArgs({
  options: {
    steps: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1000000' },
    tool: { type: 'string' },
    against: { type: 'string', default: 'engine' },
    failures: { type: 'string', default: '5' },
    report: { type: 'string' },
  },
});
const stepsWanted = Number(args.steps);
const firstSeed = Number(args.seed);
const openTool = () => (args.against === 'yjs' ? new YjsTool() : new EngineTool(args.tool ?? builtTool()));

function builtTool() {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
  const found = ['dev', 'release'].map((preset) => join(root, 'build', preset, 'tests', 'engine_tool')).find(existsSync);
  if (!found) throw new Error('no engine_tool: build it (ninja -C build/dev engine_tool) or name it with --tool');
  return found;
}

// Most runs are short, so that documents are small and the cost is in the variety; one in fifty is long.
const lengthOf = (seed) => (seed % 50 === 0 ? 2000 : 40 + (seed * 7919) % 160);

// One run: the script drives the reference at once, and the engine's answers are compared as they come.
class Run {
  constructor(tool, seed) {
    this.tool = tool;
    this.seed = seed;
    this.script = new Script(seed, lengthOf(seed));
    this.name = `run ${seed}`;
    this.reference = new Reference({ gc: this.script.gc });
    this.history = [];
    this.failure = null;   // { index, what }
    this.passed = 0;
    this.answers = [];
  }

  get doc() { return this.reference.doc; }

  // The host of the script.
  deliver(update, note, diffs) {
    const index = this.history.length;
    const step = { update, note, diffs, reads: allReads, check: index % 8 === 0 || this.script.ends };
    this.history.push(step);
    const expected = this.reference.step(step);
    this.#expect(expected, step, index);
    return this.reference.emitted;
  }

  #expect(expected, step, index) {
    const answer = this.tool.send(command(this.name, step));
    this.answers.push(answer.then(
      (actual) => this.#judge(difference(expected, actual, step), index),
      (error) => this.#judge(error.message, index),
    ));
  }

  #judge(what, index) {
    if (what === null) this.passed++;
    else if (this.failure === null || index < this.failure.index) this.failure = { index, what };
  }

  async play() {
    this.tool.send({ op: 'new', doc: this.name, gc: this.script.gc }).catch(() => {});
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
    const whole = { update: Y.encodeStateAsUpdate(this.doc), diffs: [], reads: allReads, check: true };
    const loaded = new Reference({ gc: this.script.gc });
    this.tool.send({ op: 'new', doc: this.name, gc: this.script.gc }).catch(() => {});
    this.#expect(loaded.step(whole), whole, this.history.length);
    this.history.push(whole);
    this.reloads = true;
    const sv = base64(Y.encodeStateVector(this.doc));
    for (const { doc } of this.script.clients) {
      if (base64(Y.encodeStateVector(doc)) !== sv) throw new Error(`client ${doc.clientID} has another state vector than the server`);
      if (this.script.options.pairs) continue;
      for (const read of allReads) {
        const [expected, seen] = [this.doc, doc].map((one) => sorted(readRoot(one, read), read));
        if (seen !== expected) throw new Error(unequal(`client ${doc.clientID} (below as engine) reads ${read.join(' ')}`, expected, seen));
      }
    }
  }
}

async function report(run) {
  const { index, what } = run.failure;
  const lines = [`run with seed ${run.seed} (gc ${run.script.gc}) fails at step ${index}: ${run.history[index]?.note ?? 'reload of the whole state'}`, `  ${what}`];
  const reload = run.reloads && index === run.history.length - 1;
  const found = await shrink(openTool, reload ? [run.history[index]] : run.history.slice(0, index + 1), run.script.gc);
  if (found === null) {
    lines.push('  (the updates alone do not repeat it)');
  } else {
    lines.push(`  shortest failing list found, ${found.steps.length} of ${index + 1} updates, gc ${run.script.gc}:`);
    for (const { update } of found.steps) lines.push(`    ${Buffer.from(update).toString('hex')}`);
    lines.push(`  ${found.what}`);
  }
  lines.push(`  repeat: node tests/interop/differential.mjs --seed ${run.seed} --runs 1`);
  return lines.join('\n');
}

const started = Date.now();
let tool = openTool();
const counts = { passed: 0, failed: 0, runs: 0, updates: 0 };
console.log(`differential: seed ${firstSeed}, ${stepsWanted} steps, Yjs against ${args.against}`);
for (let seed = firstSeed; counts.passed + counts.failed < stepsWanted && counts.runs < Number(args.runs); seed++) {
  if (tool.ended) tool = openTool();
  const run = new Run(tool, seed);
  await run.play();
  counts.runs++;
  counts.passed += run.passed;
  if (run.failure === null) continue;
  counts.failed++;
  const text = await report(run);
  console.log(text);
  if (args.report) (await import('node:fs')).appendFileSync(args.report, `${text}\n\n`);
  if (counts.failed >= Number(args.failures)) {
    console.log(`stopped after ${counts.failed} failing runs`);
    break;
  }
}
tool.close();
const seconds = (Date.now() - started) / 1000;
console.log(`${counts.runs} runs from seed ${firstSeed} in ${seconds.toFixed(1)} s, ${Math.round(counts.passed / seconds)} steps a second`);
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
