// Mutated updates for Yjs and the engine: what the engine takes, Yjs takes, and both end in the same bytes; what it refuses
// is on the list of docs/decisions/0001.
//
//   node tests/interop/fuzz_yjs.mjs [--seconds 60] [--seed 1] [--runs N] [--tool PATH]
//
// A run lets the clients of the differential test write a history, and replays it with mutated updates in between. It ends
// when Yjs throws in the middle of an update that the engine took: from then on the reference is broken, not the engine.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as Y from 'yjs';
import { difference } from './lib/compare.mjs';
import { EngineTool } from './lib/engine.mjs';
import { mutated, Pool } from './lib/mutate.mjs';
import { parse, write } from './lib/thin.mjs';
import { Prng } from './lib/prng.mjs';
import { Reference } from './lib/reference.mjs';
import { allReads, command, shrink } from './lib/replay.mjs';
import { Script } from './lib/script.mjs';

const { values: args } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1000000' },
    failures: { type: 'string', default: '3' },
    tool: { type: 'string' },
  },
});
const toolPath = args.tool ?? ['dev', 'release'].map((preset) => join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'build', preset, 'tests', 'engine_tool')).find(existsSync);
if (!toolPath) throw new Error('no engine_tool: build it (ninja -C build/dev engine_tool) or name it with --tool');
const openTool = () => new EngineTool(toolPath);

// Whether the two may differ over this update, as docs/decisions/0001 says: it gives ids a second content in the middle of a
// run, or may do so later, because it waits; its deletions are in an order that Yjs loses; or Yjs would have written the same
// in other bytes. Then only the engine's soundness counts.
function isSpecial(doc, update) {
  let parts;
  try {
    parts = parse(update);
    if (!sameBlocks(write(parts), update)) return true;
  } catch {
    return false;
  }
  const isInside = parts.blocks.some(([client, structs]) => structs.some(({ id, length }) => {
    const state = Y.getState(doc.store, client);
    return id.clock < state && state < id.clock + length;
  }));
  const isDisordered = parts.deletes.some(([, ranges]) => ranges.some(([clock], at) => at > 0 && clock <= ranges[at - 1][0] + ranges[at - 1][1]));
  if (isInside || isDisordered) return true;
  const copy = new Y.Doc({ gc: doc.gc });
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  const before = waiting(copy);
  try {
    Y.applyUpdate(copy, update);
  } catch {
    return false;
  }
  return before !== waiting(copy);
}

// The order of blocks is Yjs's business, and so is that of clients in the delete set.
const sameBlocks = (a, b) => a.length === b.length && Buffer.from(a).sort().equals(Buffer.from(b).sort());

const waiting = ({ store }) => JSON.stringify([[...(store.pendingStructs?.update ?? [])], [...(store.pendingDs ?? [])]]);

// Whether Yjs knows less now than the update said. It loses structs that wait for each other in a circle.
function hasLost(doc, update) {
  const known = new Map(parse(Y.encodeStateAsUpdate(doc)).blocks);
  return parse(update).blocks.some(([client, structs]) => structs.filter((struct) => !(struct instanceof Y.Skip)).some(({ id, length }) =>
    !(known.get(client) ?? []).some((has) => !(has instanceof Y.Skip) && has.id.clock < id.clock + length && id.clock < has.id.clock + has.length)));
}

// What the engine may refuse, in its own words.
const documented = [
  /it ends too early, or a length or number is out of range/, /more (clients|structs|elements|deletes) are announced/, /bytes follow the delete set/,
  /has no length/, /past (clock )?2\^32-1/, /refers to its own future/, /two blocks of structs/, /item flags/, /an unknown (content ref|shared type)/,
  /a value is of an unknown kind/, /UTF-8/, /JSON/, /nested too deeply/,
];

const counts = { honest: 0, taken: 0, special: 0, lost: 0, refused: 0, broken: 0, failed: 0 };
const reasons = new Map();
const note = (reason) => reasons.set(reason, (reasons.get(reason) ?? 0) + 1);

function history(seed) {
  const script = new Script(seed, 25);
  const doc = new Y.Doc({ gc: script.mode.gc });
  const updates = [];
  let emitted = [];
  doc.on('update', (update) => emitted.push(update));
  script.start({
    doc,
    deliver(update) {
      emitted = [];
      updates.push(update);
      Y.applyUpdate(doc, update);
      return emitted;
    },
  });
  script.run();
  return { updates, gc: script.mode.gc };
}

async function play(tool, seed) {
  const { updates, gc } = history(seed);
  const rng = new Prng(seed);
  const pool = new Pool();
  const reference = new Reference({ gc, remembers: false });
  const steps = [];
  let newClient = 100000;
  let forgeries = false;  // from the first on, honest updates may be those that contradict
  await tool.send({ op: 'new', doc: 'fuzz', gc, forward: false });

  // Null to go on, else why the run ends.
  const give = async ({ bytes: update, forged, honest = false }) => {
    forgeries ||= forged;
    const special = forgeries && isSpecial(reference.doc, update);
    const step = { update, reads: allReads, diffs: [], check: true };
    const actual = await tool.send(command('fuzz', step));
    if (!actual.ok && !honest) {
      counts.refused++;
      note(actual.error.replace(/.*?: /, ''));
      return documented.some((reason) => reason.test(actual.error)) ? null : `a refusal that is not documented: ${actual.error}`;
    }
    if (special) {
      counts.special++;
      return actual.ok && !actual.broken ? 'over' : `broken invariant: ${actual.broken}`;
    }
    steps.push(step);
    let expected;
    try {
      expected = reference.step(step);
    } catch (error) {
      counts.broken++;
      note(`Yjs throws: ${error.message.slice(0, 60)}`);
      return 'over';
    }
    counts[honest ? 'honest' : 'taken']++;
    const what = difference(expected, actual, step);
    if (what === null || !hasLost(reference.doc, update)) return what;
    counts.lost++;
    return 'over';
  };

  for (const update of updates) {
    pool.learn(update);
    const given = [];
    while (pool.ids.length > 0 && pool.structs.length > 0 && rng.chance(0.4)) {
      try {
        given.push(mutated(rng, rng.pick(updates), pool, newClient += 100));
      } catch {
        // An update of a Yjs 14 client cannot always be taken apart, nor every combination be written.
      }
    }
    for (const one of [...given, { bytes: update, honest: true }]) {
      const what = await give(one);
      if (what === 'over') return;
      if (what !== null) return report(seed, steps, gc, what);
    }
  }
}

async function report(seed, steps, gc, what) {
  counts.failed++;
  console.log(`seed ${seed} (gc ${gc}): ${what}`);
  const found = await shrink(openTool, steps, { gc, forward: false, remembers: false });
  if (found === null) return;
  console.log(`  shortest failing list found, of ${steps.length}:`);
  for (const { update } of found.steps) console.log(`    ${Buffer.from(update).toString('hex')}`);
  console.log(`  ${found.what}`);
}

const started = Date.now();
let seed = Number(args.seed);
const last = seed + Number(args.runs);
let tool = openTool();
for (; seed < last && counts.failed < Number(args.failures) && Date.now() - started < Number(args.seconds) * 1000; seed++) {
  if (tool.ended) tool = openTool();
  try {
    await play(tool, seed);
  } catch (error) {
    counts.failed++;
    console.log(`seed ${seed}: ${error.stack}`);
  }
}
tool.close();
for (const [reason, count] of [...reasons].sort((a, b) => b[1] - a[1])) console.log(`${String(count).padStart(7)}  ${reason}`);
console.log(`fuzz_yjs: seeds ${args.seed} to ${seed - 1}; mutated updates: ${counts.taken} taken by both, ${counts.special} taken by the engine, not compared, ${counts.refused} refused, ${counts.lost} lost by Yjs, ${counts.broken} broke Yjs; ${counts.honest} honest ones`);
console.log(`${counts.taken + counts.honest} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 || counts.taken === 0 ? 1 : 0;
