// One engine, one workload, one operation, in a process of its own. Called by run.mjs with one JSON argument
//   { peer, workload, operation, folder, sizes, traces, budget, atOnce }
// and answers with one line of JSON: what measure.mjs found, or { skip: why }.
import { join } from 'node:path';

import { clients, readFixture, record, recordCopies, writeScript } from './fixtures.mjs';
import { hold, measure } from './measure.mjs';
import { workload } from './workloads.mjs';

// What the documents take: V8's heap and, outside of it, WebAssembly memories and buffers.
const engineBytes = () => {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

const argument = JSON.parse(process.argv[2]);
const { operation, folder, budget } = argument;
const at = join(folder, argument.workload);

const generations = { yjs: ['yjs', 'import'], 'yjs-cjs': ['yjs', 'require'], yjs14: ['@y/y', 'import'] };
const generation = generations[argument.peer];
const { peer: open } = await import(`./peers/${generation ? 'yjs' : argument.peer}.mjs`);
const peer = await open(...(generation ?? []));
const { Replica } = peer;

const load = (state) => {
  const replica = new Replica();
  replica.decode.v1(state);
  return replica;
};
const free = (replica) => replica.free();

// What there is to measure: a function of the fixture that gives an operation for measure(), or undefined when the
// fixture or the engine lacks what it takes.
const operations = {
  edit: () => {
    const { transactions, users, copies } = workload(argument.workload, argument.sizes, argument.traces);
    const [client] = clients(1);
    return users === 1 && copies === 1 && {
      run: () => {
        const replica = new Replica(client);
        let bytes = 0;
        replica.onUpdate((update) => { bytes += update.length; });
        for (const { edits } of transactions) replica.edit(edits);
        replica.free();
        return { length: bytes };
      },
    };
  },
  relay: ({ updates }) => updates && {
    run: () => {
      const replica = new Replica();
      replica.onUpdate(() => {});
      for (const update of updates) replica.apply(update);
      replica.free();
    },
  },
  exchange: ({ users: [left, right] }) => left && {
    prepare: () => [load(left), load(right)],
    run: ([one, other]) => {
      one.apply(right);
      other.apply(left);
    },
    done: (both) => both.forEach(free),
    most: 50,
  },
  decode_v1: ({ state }) => decode('v1', state.v1),
  decode_v2: ({ state }) => decode('v2', state.v2),
  decode_read: ({ state }) => ({
    run: () => {
      const replica = load(state.v1);
      replica.read();
      replica.free();
    },
  }),
  encode_v1: ({ state }) => encode('v1', state),
  encode_v2: ({ state }) => encode('v2', state),
  encode_again: ({ state }) => ({
    prepare: () => {
      const replica = load(state.v1);
      replica.encode.v1();
      return replica;
    },
    run: (replica) => replica.encode.v1(),
    reuse: true,
  }),
  diff: ({ state, vector }) => vector && {
    prepare: () => load(state.v1), run: (replica) => replica.diff(vector), done: free, most: loadedAtOnce(state),
  },
  merge_1000: ({ updates }) => merge(updates, 1000),
  merge_4000: ({ updates }) => merge(updates, 4000),
  merge_all: ({ updates }) => updates && merge(updates, updates.length),
};

// Documents that are loaded beforehand take memory.
function loadedAtOnce(state) {
  return Math.max(1, Math.min(50, Math.floor(4e6 / state.v1.length)));
}

function decode(version, state) {
  return new Replica().decode[version] && state && {
    run: () => {
      const replica = new Replica();
      replica.decode[version](state);
      replica.free();
    },
  };
}

function encode(version, state) {
  return new Replica().encode[version] && {
    prepare: () => load(state.v1), run: (replica) => replica.encode[version](), done: free, most: loadedAtOnce(state),
  };
}

function merge(updates, count) {
  return peer.merge && updates?.length >= count && { run: () => peer.merge(updates.slice(0, count)) };
}

async function answer() {
  if (operation === 'version') return { version: peer.version };
  if (operation === 'record') {
    const work = workload(argument.workload, argument.sizes, argument.traces);
    if (work.copies > 1) {
      recordCopies(at, join(folder, 'b4'), await import('yjs'), work.copies);
    } else {
      record(at, peer, work, argument.atOnce);
      if (work.users === 1) writeScript(at, work.transactions);
    }
    return { recorded: true };
  }
  const fixture = readFixture(at, peer.format);
  if (operation === 'memory') {
    const count = Math.max(1, Math.min(10000, Math.floor(8e6 / fixture.state.v1.length)));
    return hold(() => load(fixture.state.v1), count, engineBytes);
  }
  const found = operations[operation]?.(fixture);
  return found ? measure(found, budget) : { skip: 'no such call' };
}

console.log(JSON.stringify(await answer()));
process.exit(0);
