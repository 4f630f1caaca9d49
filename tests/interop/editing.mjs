// The same edits in Yjs and in the engine, with the same client ids: every update emitted, the state, what everything
// reads as and what observers are told must be equal, byte for byte, after every step.
//
//   node tests/interop/editing.mjs [--steps 20000] [--seed 1] [--runs 1000000] [--tool PATH]
//
// A run is two or three clients, each a Yjs document beside an engine's, that edit and pass on updates in any order. Runs
// have the seeds --seed, --seed + 1, ..; a failing run is shortened and printed, and repeated with `--seed <its seed> --runs 1`.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { clock } from './lib/clock.mjs';
import * as Y from 'yjs';
import { unequal } from './lib/compare.mjs';
import { openRoots, perform, randomEdit, rootKinds, typeAt } from './lib/editing_ops.mjs';
import { EngineTool } from './lib/engine.mjs';
import { Prng } from './lib/prng.mjs';
import { base64, bytesOf, stringify } from './lib/reference.mjs';

const { values: args } = parseArgs({
  options: {
    steps: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1000000' },
    only: { type: 'string' },  // one kind of root
    tool: { type: 'string' },
  },
});

function builtTool() {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
  const found = ['dev', 'release'].map((preset) => join(root, 'build', preset, 'tests', 'engine_tool')).find(existsSync);
  if (!found) throw new Error('no engine_tool: build it (ninja -C build/dev engine_tool) or name it with --tool');
  return found;
}

const shown = (value) => (value instanceof Y.AbstractType ? '"type"' : value instanceof Y.Doc ? '{}' : stringify(value ?? null));

function eventText(event) {
  const path = JSON.stringify(event.path);
  const keys = [...event.keys].map(([key, { action, oldValue }]) => `${JSON.stringify(key)}:["${action}",${shown(oldValue)}]`);
  return `{"path":${path},"keys":{${keys}},"delta":${stringify(event.delta)}}`;
}

// One client: the Yjs document, and what the engine must say.
class Client {
  constructor(id, mode, late) {
    this.mode = mode;
    this.doc = new Y.Doc({ gc: mode.gc });
    this.doc.clientID = id;
    this.updates = [];
    this.events = [];
    this.outbox = [];
    this.positions = [];
    this.manager = null;
    this.doc.on('update', (update) => { this.updates.push(base64(update)); this.outbox.push(update); });
    this.doc.on('subdocs', ({ added, loaded, removed }) => {
      // Yjs destroys what was removed, and tells of it a second time.
      if (added.size === 0 && loaded.size === 0 && [...removed].every((doc) => doc.isDestroyed)) return;
      const guids = (set) => JSON.stringify([...set].map((doc) => doc.guid));
      this.events.push(`subdocs +${guids(added)} *${guids(loaded)} -${guids(removed)}`);
    });
    this.types = [];
    if (!late) this.open();
  }

  open() {
    this.types = openRoots(this.doc);
    if (this.mode.observe) {
      this.types.forEach((type, index) => {
        const name = rootKinds[index][1];
        type.observe((event) => this.events.push(`${name} ${eventText(event)}`));
        type.observeDeep((events) => this.events.push([`${name} deep`, ...events.map(eventText)].join(' ')));
      });
    }
  }

  undo({ action, scope, timeout, ignore, five }) {
    if (action === 'create') {
      this.manager = new Y.UndoManager(scope.length === 0 ? this.doc : scope.map((path) => typeAt(this.doc, path)), {
        captureTimeout: timeout, ignoreRemoteMapChanges: ignore, trackedOrigins: new Set(five ? [null, 5] : [null]), doc: this.doc,
      });
      for (const what of ['added', 'updated', 'popped']) {
        this.manager.on(`stack-item-${what}`, ({ stackItem, type }) => {
          stackItem.meta.set('count', (stackItem.meta.get('count') ?? 0) + 1);
          this.events.push(`${what} ${type} ${stackItem.meta.get('count')}`);
        });
      }
      this.manager.on('stack-cleared', ({ undoStackCleared, redoStackCleared }) => this.events.push(`cleared ${Number(undoStackCleared)}${Number(redoStackCleared)}`));
    } else if (action === 'stop') this.manager.stopCapturing();
    else if (action === 'clear') this.manager.clear();
    else this.events.push(`${action} ${this.manager[action]() === null ? 0 : 1}`);
  }

  relative({ at, index, assoc }) {
    const made = Y.createRelativePositionFromTypeIndex(typeAt(this.doc, at), index, assoc);
    const bytes = Y.encodeRelativePosition(made);
    this.events.push(`${base64(bytes)} ${JSON.stringify(Y.relativePositionToJSON(made))}`);
    this.positions.push(bytes);
    for (const one of this.positions) {
      for (const follow of [true, false]) {
        const found = Y.createAbsolutePositionFromRelativePosition(Y.decodeRelativePosition(one), this.doc, follow);
        this.events.push(found === null ? 'nowhere' : `${found.index} ${found.assoc}`);
      }
    }
  }

  run(step) {
    clock.now = step.now;
    if (step.open) this.open();
    else if (step.undo) this.undo(step.undo);
    else if (step.relative) this.relative(step.relative);
    else if (step.edits) {
      const all = () => { for (const edit of step.edits) perform(typeAt(this.doc, edit.at), edit); };
      if (step.one) this.doc.transact(all, step.origin || null);
      else all();
    } else if (step.update) {
      Y.applyUpdate(this.doc, step.update, step.origin || undefined);
    }
    const answer = {
      updates: this.updates, events: this.events, state: base64(Y.encodeStateAsUpdate(this.doc)),
      values: this.types.flatMap((type) => [stringify(type.toJSON()), ...(type instanceof Y.Text ? [stringify(type.toDelta())] : [])]),
    };
    this.updates = [];
    this.events = [];
    return answer;
  }
}

function commandOf(name, { open: opens, undo, relative, edits, one, origin, update, now }) {
  if (opens) return { op: 'edit_open', doc: name, now };
  if (undo) return { op: 'undo', doc: name, now, ...undo };
  if (relative) return { op: 'relative', doc: name, now, ...relative };
  return edits ? { op: 'edit', doc: name, now, edits, one, origin } : { op: 'edit_apply', doc: name, now, update: base64(update), origin };
}

const hex = (text) => Buffer.from(bytesOf(text)).toString('hex');

function difference(expected, actual) {
  if (!actual.ok) return `the engine refused: ${actual.error}`;
  if (actual.errors.length > 0) return `the engine refused: ${actual.errors.join('; ')}`;
  for (const list of ['events', 'updates', 'values']) {
    for (let i = 0; i < Math.max(expected[list].length, actual[list].length); i++) {
      const [wanted, got] = [expected[list][i], actual[list][i]];
      if (wanted === got) continue;
      const plain = (text) => (text === undefined ? 'none' : list === 'updates' ? hex(text) : text);
      return unequal(`${list} ${i + 1} of ${expected[list].length}`, plain(wanted), plain(got));
    }
  }
  if (expected.state !== actual.state) return unequal('state', hex(expected.state), hex(actual.state));
  return actual.broken ? `broken invariant: ${actual.broken}` : null;
}

// A document whose roots are asked for late takes updates first. What formatting it then inherits in a root that had some
// depends in Yjs on where its search markers happen to be, here on the text alone: such runs have none.
function modeOf(rng) {
  const roots = args.only ? rootKinds.filter(([kind]) => kind === args.only) : rng.chance(0.5) ? rootKinds : [rng.pick(rootKinds)];
  const late = rng.chance(0.2);
  return {
    late, gc: !rng.chance(0.2), observe: rng.chance(0.6), undo: rng.chance(0.4),
    ids: Array.from({ length: rng.between(1, 3) }, (_unused, index) => rng.pickWeighted([[2, index + 1], [2, rng.u32()], [1, 2 ** 40 + index]])),
    options: { roots, formats: !late && rng.chance(0.7), pairs: rng.chance(0.3), nested: rng.pick([0, 0.5, 1]), large: 0.01 },
  };
}

// Plays a list of steps, or makes one up from a seed; { steps, what } of the first difference, or what: null.
async function play(tool, mode, steps, rng = null, length = 0) {
  const clients = mode.ids.map((id, index) => new Client(id, mode, mode.late && index > 0));
  clients.forEach((client, index) => tool.send({
    op: 'edit_new', doc: `c${index}`, client: client.doc.clientID, gc: mode.gc, observe: mode.observe, late: mode.late && index > 0, roots: rootKinds,
  }).catch(() => {}));
  const done = [];
  const answers = [];
  let now = 1000;
  let failed = null;
  let invalid = false;
  const total = rng === null ? steps.length : length;
  for (let i = 0; i < total; i++) {
    const step = rng === null ? { ...steps[i] } : randomStep(rng, clients, mode, now += rng.below(800));
    if (step.client === undefined) continue;
    const client = clients[step.client];
    if (step.from !== undefined) {
      const { outbox } = clients[step.from];
      if (outbox.length === 0) continue;
      step.update = outbox.at(step.pick < 0 ? -1 : step.pick % outbox.length);
    }
    const index = done.length;
    done.push(step);
    let expected;
    try {
      expected = client.run(step);
    } catch (error) {
      if (rng === null) break;  // a shortened list may ask for what is not there
      throw new Error(`Yjs threw at ${JSON.stringify(step)}: ${error.stack}`);
    }
    const judge = (what) => { if (what !== null && (failed === null || index < failed.index)) failed = { index, what }; };
    answers.push(tool.send(commandOf(`c${step.client}`, step)).then((actual) => {
      // A shortened list may ask for what is not there, which Yjs does not always notice.
      if (rng === null && (!actual.ok || actual.errors.length > 0)) invalid = true;
      judge(difference(expected, actual));
    }, (error) => judge(error.message)));
  }
  await Promise.all(answers);
  if (invalid) return { steps: done, what: null };
  return { steps: failed === null ? done : done.slice(0, failed.index + 1), what: failed === null ? null : failed.what };
}

function randomStep(rng, clients, mode, now) {
  return { ...stepOf(rng, clients, mode), now };
}

function stepOf(rng, clients, mode) {
  const client = rng.below(clients.length);
  const origin = rng.chance(0.2) ? 5 : 0;
  const { manager, types } = clients[client];
  if (types.length === 0) {
    if (rng.chance(0.15)) return { client, open: true };
    return { client, from: 0, pick: rng.below(2 ** 20), origin };
  }
  if (mode.undo && manager === null) {
    const scope = rng.chance(0.2) ? [] : mode.options.roots.filter(() => rng.chance(0.7));
    return { client, undo: { action: 'create', scope, timeout: rng.pick([0, 500, 500, 1e6]), ignore: rng.chance(0.2), five: rng.chance(0.5) } };
  }
  if (mode.undo && rng.chance(0.3)) return { client, undo: { action: rng.pickWeighted([[6, 'undo'], [4, 'redo'], [2, 'stop'], [0.3, 'clear']]) } };
  if (rng.chance(0.05)) {
    const at = rng.pick(rootKinds.filter(([kind]) => kind !== 'map'));
    return { client, relative: { at, index: rng.between(0, typeAt(clients[client].doc, at).length), assoc: rng.pick([0, -1, 1]) } };
  }
  if (clients.length > 1 && rng.chance(0.35)) {
    const from = (client + 1 + rng.below(clients.length - 1)) % clients.length;
    return { client, from, pick: rng.chance(0.5) ? -1 : rng.below(2 ** 20), origin };
  }
  const { doc } = clients[client];
  const one = rng.chance(0.3);
  const edit = randomEdit(rng, doc, mode.options);
  if (edit === null) return {};
  const edits = [edit];
  if (one && rng.chance(0.7)) {
    // Later edits of one transaction are made for the document as it is before: only those that fit in any case.
    const more = randomEdit(rng, doc, mode.options);
    const anywhere = more !== null && more.at.length === 2 && !more.index && (more.after ?? null) === null && !['delete', 'format', 'delta', 'clone'].includes(more.do);
    if (anywhere) edits.push(more);
  }
  return { client, edits, one, origin };
}

async function shorten(open, mode, steps) {
  let tool = open();
  const fails = async (list) => {
    if (tool.ended) tool = open();
    try {
      const result = await play(tool, mode, list);
      return result.what === null ? null : result;
    } catch { return null; }
  };
  let best = await fails(steps);
  if (best === null) { tool.close(); return null; }
  const deadline = performance.now() + 20000;
  for (let size = Math.ceil(best.steps.length / 2); size >= 1 && performance.now() < deadline;) {
    let smaller = null;
    for (let at = 0; at < best.steps.length && smaller === null && performance.now() < deadline; at += size) {
      smaller = await fails([...best.steps.slice(0, at), ...best.steps.slice(at + size)]);
    }
    if (smaller !== null) best = smaller;
    else if (size === 1) break;
    else size = Math.ceil(size / 2);
  }
  tool.close();
  return best;
}

const open = () => new EngineTool(args.tool ?? builtTool());
let tool = open();
const started = performance.now();
let passed = 0;
let failed = 0;
let runs = 0;
for (let seed = Number(args.seed); passed < Number(args.steps) && runs < Number(args.runs) && failed < 3; seed++, runs++) {
  if (tool.ended) tool = open();
  const rng = new Prng(seed);
  const mode = modeOf(rng);
  const result = await play(tool, mode, null, rng, seed % 50 === 0 ? 400 : 60);
  passed += result.steps.length;
  if (result.what === null) continue;
  failed++;
  console.log(`run with seed ${seed} fails at step ${result.steps.length}\n  ${result.what}`);
  const short = await shorten(open, mode, result.steps);
  if (short === null) console.log('  (the steps alone do not repeat it)');
  else {
    console.log(`  shortest list found (${JSON.stringify({ gc: mode.gc, observe: mode.observe, late: mode.late, ids: mode.ids })}):`);
    for (const { update, ...step } of short.steps) console.log(`    ${JSON.stringify(step)}`);
    console.log(`  ${short.what}`);
  }
}
tool.close();
console.log(`${runs} runs from seed ${args.seed} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
