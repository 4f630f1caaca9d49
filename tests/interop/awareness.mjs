// The engine's Awareness beside y-protocols': the same calls at the same times, compared after every one.
//
//   node tests/interop/awareness.mjs [--steps 20000] [--seed 1] [--tool PATH]
//
// Time is made up: y-protocols gets a clock and an interval that this program moves. Compared are the local state, the
// encoded states of everybody, the events' lists in their order, and the update that an event's clients make.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Prng } from './lib/prng.mjs';

const { values: args } = parseArgs({
  options: {
    steps: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    tool: { type: 'string', default: join(dirname(fileURLToPath(import.meta.url)), '../../build/dev/tests/engine_tool') },
  },
});

let now = 0;
let onInterval = null;
const realSetInterval = globalThis.setInterval;
Date.now = () => now;
globalThis.setInterval = (callback) => { onInterval = callback; return 0; };
// Imported from here on, since lib0 holds on to the clock that it finds.
const Y = await import('yjs');
const { EngineTool } = await import('./lib/engine.mjs');
const { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } = await import('y-protocols/awareness');

const seed = Number(args.seed);
const rng = new Prng(seed);
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const pick = (list) => rng.pick(list);

const states = ['{}', '{"a":1}', '{"a":1.0}', '{"b":[1,{"c":null}],"a":"\\u00e9"}', '{"a":"é","b":[1,{"c":null}]}', '{"2":0,"1":-0,"x":1e21}', 'null', ' null ', '0',
  '""', 'false', '[]', '"text"', '{"a":{"a":{"a":{}}}}', '{"__proto__":1}', '"\\ud83d"'];

class Reference {
  constructor(client) {
    const doc = new Y.Doc();
    doc.clientID = client;
    this.awareness = new Awareness(doc);
    this.tick = onInterval;
    this.awareness.on('update', (event) => { for (const list of ['added', 'updated', 'removed']) this.event[list].push(...event[list]); });
    this.awareness.on('change', (event) => { this.event.changed.push(...event.updated); });
  }

  run({ do: what, json, field, update, clients }) {
    const { awareness } = this;
    this.event = { added: [], updated: [], removed: [], changed: [] };
    if (what === 'set') awareness.setLocalState(JSON.parse(json));
    if (what === 'field') awareness.setLocalStateField(field, JSON.parse(json));
    if (what === 'apply') applyAwarenessUpdate(awareness, Buffer.from(update, 'hex'), null);
    if (what === 'remove') removeAwarenessStates(awareness, clients, null);
    if (what === 'tick') this.tick();
    const { added, updated, removed } = this.event;
    const local = awareness.getLocalState();
    return {
      ok: true,
      local: local === null ? null : JSON.stringify(local),
      everybody: hex(encodeAwarenessUpdate(awareness, [...awareness.getStates().keys()])),
      said: hex(encodeAwarenessUpdate(awareness, [...added, ...updated, ...removed])),
      ...this.event,
    };
  }
}

function varUint(value) {
  const out = [];
  for (; value >= 128; value = Math.floor(value / 128)) out.push((value % 128) | 128);
  return [...out, value];
}

function randomUpdate(clock) {
  const entries = [];
  const count = rng.below(4);
  for (let i = 0; i < count; i++) {
    const state = Buffer.from(pick(states));
    entries.push(...varUint(1 + rng.below(6)), ...varUint(Math.max(0, clock + rng.below(8) - 4)), ...varUint(state.length), ...state);
  }
  return hex([...varUint(count), ...entries]);
}

function randomCommand(step, local) {
  const roll = rng.below(10);
  if (roll < 1) return { do: 'set', json: pick(states) };
  if (roll < 2 && (local === null || local.startsWith('{'))) return { do: 'field', field: pick(['a', '1', 'é', '__proto']), json: pick(states) };
  if (roll < 4) return { do: 'tick' };
  if (roll < 5) return { do: 'remove', clients: [1 + rng.below(6), 1 + rng.below(6)] };
  return { do: 'apply', update: randomUpdate(Math.floor(step / 4)) };
}

const tool = new EngineTool(args.tool);
let passed = 0;
let failed = 0;
for (let run = 0; passed < Number(args.steps) && failed === 0; run++) {
  const history = [];
  const reference = new Reference(1);
  let local = '{}';
  await tool.send({ op: 'awareness', do: 'new', client: 1, now });
  for (let step = 0; step < 100 && failed === 0; step++) {
    now += rng.below(9000);
    const command = { op: 'awareness', now, ...randomCommand(step, local) };
    history.push(JSON.stringify(command));
    const expected = reference.run(command);
    const actual = await tool.send(command);
    local = expected.local;
    const wrong = Object.keys(expected).filter((key) => JSON.stringify(expected[key]) !== JSON.stringify(actual[key]));
    if (wrong.length === 0) {
      passed++;
    } else {
      failed++;
      console.log(`seed ${seed}, run ${run}: ${wrong.join(', ')} differ after\n${history.join('\n')}\nyjs    ${JSON.stringify(expected)}\nengine ${JSON.stringify(actual)}`);
    }
  }
}
tool.close();
globalThis.setInterval = realSetInterval;
console.log(`awareness: seed ${seed}; ${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
