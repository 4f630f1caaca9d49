// This engine beside the others: the same work, in one go, on one machine.
//
//   node bench/engines/run.mjs            everything; up to 20 minutes, best on a machine that does nothing else
//   node bench/engines/run.mjs --small    whether all of it still works: the same operations on little data, under a minute
//
//   --traces FOLDER   recorded editing (default: $SYMPHONY_TRACES). Without it b4 is a generated text with the same
//                     profile, and the other recordings are left out; the report says so
//   --only b4,small   these workloads        --peers symphony,yjs   these engines (yjs is always among them)
//   --ops decode_v1   these operations       --repeat 3             processes for each figure, of which the median counts
//                                                                   (default: 3 where there is a target, else 1)
//   --build FOLDER    where the programs are (default build/release)
//   --save            writes bench/results/engines-<date>.json and .md, with commit, machine and versions
//
// Engines: symphony (this one, through its public headers), npm yjs 13 ("yjs" is its ES modules, "yjs-cjs" its CommonJS
// files, which V8 runs much slower), @y/y 14 ("yjs14"), ywasm, yrs (native Rust, built with cargo where there is one),
// loro-crdt, @automerge/automerge; and "floor": what the machine takes for the bare minimum, such as reading every byte
// once (floor.cpp).
//
// How to read it. Every figure comes from a process of its own, which does one operation of one workload with one engine
// (measure.mjs says how): CPU time of a run, memory of a loaded document, peak memory of a first run. Loro and Automerge
// read their own formats, recorded from the same edits; Loro's "v1" is its snapshot, which it expands only when somebody
// needs it: decode_read counts what that takes, because there everything is read afterwards. Yjs merges more than 4,000
// updates in a tree, because in one call its time grows with the square; so do @y/y and yrs. In brackets stands the part of
// Yjs's figure: machines differ, ratios less.
//
// The files: workloads.mjs and traces.mjs make the work, fixtures.mjs records it once for all, worker.mjs, symphony.cpp,
// floor.cpp and yrs/ run it, plan.mjs says who runs what and which targets there are, report.mjs prints.
// growth.mjs answers another question: how cost grows with size.
import { execFileSync, execSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { median } from './measure.mjs';
import { atOnce, notRun, peers, plans, recorders, targets } from './plan.mjs';
import { figure, report } from './report.mjs';
import { catalogue, fullSizes, smallSizes, workload as makeWorkload } from './workloads.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const { values: args } = parseArgs({
  options: {
    small: { type: 'boolean', default: false },
    traces: { type: 'string', default: process.env.SYMPHONY_TRACES },
    only: { type: 'string' },
    peers: { type: 'string' },
    ops: { type: 'string' },
    repeat: { type: 'string' },
    build: { type: 'string', default: join(root, 'build', 'release') },
    save: { type: 'boolean', default: false },
  },
});
const sizes = args.small ? smallSizes : fullSizes;
const budget = args.small ? 25 : 250;  // milliseconds of samples in one process
const limit = 90_000;                  // milliseconds for one process: what takes longer is ended and told
const patience = 4000;                 // a process that took longer is not repeated

// How many processes a figure is taken from; each of them takes many samples.
function repeats(workload) {
  if (args.repeat) return Number(args.repeat);
  return !args.small && targets.some((target) => target.workload === workload) ? 3 : 1;
}

const list = (text) => text?.split(',');
const chosen = peers.filter(({ name }) => !args.peers || name === 'yjs' || list(args.peers).includes(name));
const plan = Object.entries(plans[args.small ? 'small' : 'full'])
  .filter(([name]) => !args.only || list(args.only).includes(name))
  .map(([name, operations]) => [name, operations.filter((operation) => !args.ops || list(args.ops).includes(operation))]);
for (const name of list(args.only) ?? []) if (!catalogue.has(name)) throw new Error(`no workload is called ${name}`);

const grouped = (number) => number.toLocaleString('en');
const progress = (text) => { if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`); };

// Runs a process that prints one line of JSON.
function ask(program, words) {
  const began = Date.now();
  const run = spawnSync(program, words, { encoding: 'utf8', maxBuffer: 1 << 24, timeout: limit });
  if (run.error?.code === 'ETIMEDOUT') return { skip: `took more than ${limit / 1000} s` };
  if (run.error || run.status !== 0) {
    const why = run.error?.message ?? `ended with ${run.status ?? run.signal}`;
    throw new Error(`${program} ${words.join(' ')}\n${why}\n${run.stderr ?? ''}`);
  }
  return { ...JSON.parse(run.stdout), wall_ms: Date.now() - began };
}

const worker = (argument) => ask(process.execPath, ['--expose-gc', join(here, 'worker.mjs'), JSON.stringify(argument)]);

// The native yrs, or why there is none.
function buildYrs() {
  const program = join(root, 'build', 'yrs', 'release', 'engines-yrs');
  const words = ['build', '--release', '--locked', '--quiet', '--manifest-path', join(here, 'yrs', 'Cargo.toml')];
  const cargo = spawnSync('cargo', words, { env: { ...process.env, CARGO_TARGET_DIR: join(root, 'build', 'yrs') } });
  if (cargo.error) return { skip: 'no cargo here to build it' };
  if (cargo.status !== 0) return { skip: 'cargo could not build it' };
  return { program };
}
const yrs = args.small || !chosen.some(({ name }) => name === 'yrs') ? { skip: 'only in a full run' } : buildYrs();

function programOf(peer) {
  if (peer.name === 'yrs') return yrs.program;
  const path = join(args.build, 'bench', peer.program);
  if (!existsSync(path)) {
    throw new Error(`${path} is missing: cmake --preset release && cmake --build --preset release --target ${peer.program}`);
  }
  return path;
}

const folder = mkdtempSync(join(os.tmpdir(), 'symphony-engines-'));
const traces = args.traces;

// Writes what the peers read of a workload; returns what is wrong with a format, by its name.
function prepare(name) {
  const wrong = {};
  for (const [format, peer] of Object.entries(recorders)) {
    if (!chosen.some((one) => one.format === format) || notRun(peer, name, 'decode_v1', args.small)) continue;
    if (name === 'b4x100' && !existsSync(join(folder, 'b4', 'yjs', 'state.v1'))) prepare('b4');
    if (existsSync(join(folder, name, format, 'summary.json'))) continue;
    progress(`recording ${name} with ${peer}`);
    const done = worker({ peer, workload: name, operation: 'record', folder, sizes, traces, atOnce: atOnce(peer, name) });
    if (done.skip) wrong[format] = `recording ${done.skip}`;
  }
  return wrong;
}

function measureOnce(peer, workload, operation) {
  if (!peer.program) return worker({ peer: peer.name, workload, operation, folder, sizes, traces, budget });
  return ask(programOf(peer), [operation, join(folder, workload), String(budget)]);
}

// The median of several processes, figure by figure.
function measureCell(peer, workload, operation) {
  const runs = [];
  do {
    progress(`${workload} ${operation} ${peer.name}`);
    runs.push(measureOnce(peer, workload, operation));
  } while (!runs[0].skip && runs[0].wall_ms < patience && runs.length < repeats(workload));
  if (runs[0].skip) return { skip: runs[0].skip };
  const cell = { processes: runs.length };
  for (const key of Object.keys(runs[0])) cell[key] = median(runs.map((run) => run[key]));
  return cell;
}

function measureAll() {
  const results = [];
  const titles = {};
  const notes = [];
  for (const [workload, operations] of plan) {
    const made = makeWorkload(workload, sizes, traces);
    if (!made) {
      notes.push(`${workload} was left out: the recording is not here (--traces)`);
      continue;
    }
    if (made.generated) {
      notes.push(`${workload} is a generated text with the profile of the recording, which is not here (--traces)`);
    }
    const wrong = prepare(workload);
    titles[workload] = `${made.title}: ${made.copies > 1 ? '' : `${grouped(made.transactions.length)} transactions, `}`
      + `${grouped(statSync(join(folder, workload, 'yjs', 'state.v1')).size)} bytes of state`;
    for (const operation of operations) {
      const cells = {};
      for (const peer of chosen) {
        const why = notRun(peer.name, workload, operation, args.small) ?? wrong[peer.format]
          ?? (peer.name === 'yrs' ? yrs.skip : undefined);
        cells[peer.name] = why ? { skip: why } : measureCell(peer, workload, operation);
      }
      results.push({ workload, operation, cells });
    }
    if (workload !== 'b4') rmSync(join(folder, workload), { recursive: true });  // of b4 the copies are made
  }
  progress('');
  return { results, titles, notes };
}

// What this engine wrote must be what Yjs wrote: the lengths tell. Only that makes a run fail, never a figure: who is ahead
// on a machine that does other things as well means nothing.
const comparable = new Set(['edit', 'encode_v1', 'encode_v2', 'encode_again', 'diff', 'merge_1000', 'merge_4000']);
function faults(results) {
  return results.filter(({ operation, cells: { symphony, yjs } }) => comparable.has(operation)
    && figure(symphony, operation) !== undefined && figure(yjs, operation) !== undefined
    && symphony.output_bytes !== yjs.output_bytes)
    .map(({ workload, operation, cells: { symphony, yjs } }) =>
      `${workload} ${operation}: ${symphony.output_bytes} bytes, where yjs has ${yjs.output_bytes}`);
}

function machine(loadBefore) {
  const git = (...words) => execFileSync('git', words, { cwd: root, encoding: 'utf8' }).trim();
  const cache = readFileSync(join(args.build, 'CMakeCache.txt'), 'utf8');
  const compiler = /CMAKE_CXX_COMPILER:\w+=(.*)/.exec(cache)?.[1] ?? 'c++';
  return {
    date: new Date().toISOString(),
    commit: git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') ? ' with changes' : ''),
    cpu: `${os.cpus()[0].model}, ${os.cpus().length} cores`,
    memory: showGigabytes(os.totalmem()),
    system: `${os.type()} ${os.release()}`,
    'load before, after': `${loadBefore.toFixed(2)}, ${os.loadavg()[0].toFixed(2)}`,
    node: process.version,
    compiler: execSync(`${compiler} --version`, { encoding: 'utf8' }).split('\n')[0],
  };
}
const showGigabytes = (bytes) => `${(bytes / 2 ** 30).toFixed(0)} GiB`;

function versions() {
  const lock = readFileSync(join(here, 'yrs', 'Cargo.lock'), 'utf8');
  const installed = (peer) => worker({ peer, workload: '', operation: 'version', folder }).version;
  return Object.fromEntries(chosen.filter(({ name }) => !['symphony', 'floor'].includes(name)).map(({ name, program }) =>
    [name, program ? /name = "yrs"\nversion = "(.*)"/.exec(lock)[1] : installed(name)]));
}

try {
  const load = os.loadavg()[0];
  const began = Date.now();
  const measured = measureAll();
  const whole = { small: args.small, machine: machine(load), versions: versions(), ...measured };
  console.log(report(whole, false));
  console.log(`${((Date.now() - began) / 60000).toFixed(1)} minutes`);
  if (args.save) {
    const base = join(root, 'bench', 'results', `engines-${whole.machine.date.slice(0, 10)}`);
    mkdirSync(dirname(base), { recursive: true });
    writeFileSync(`${base}.json`, `${JSON.stringify(whole, null, 1)}\n`);
    const head = '# Engines side by side\n\nMade by `bench/engines/run.mjs`, whose head says how to read it.\n\n';
    writeFileSync(`${base}.md`, head + report(whole, true));
    console.log(`written: ${base}.json and .md`);
  }
  const found = faults(whole.results);
  for (const fault of found) console.error(fault);
  process.exitCode = found.length > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true });
}
