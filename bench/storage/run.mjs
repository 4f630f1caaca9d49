// The storage benchmark: a real server with real sockets on each store, beside a floor measured in the same run.
//
//   node bench/storage/run.mjs [--stores sqlite,postgres,postgres-folder] [--seconds 3] [--repeat 3] [--nice=-15] [--out bench/results]
//                              [--baseline BINARY]            an older server, measured beside the current one
//                              [--parts acknowledging,closing,loading]  [--no-save]
//   node bench/storage/run.mjs --smoke      a few rooms for a second, one small document; writes nothing
//
// What is measured: acknowledging.mjs, closing.mjs and loading.mjs; the floors: backends.mjs. $SYMPHONY_BIN is the server.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, setPriority, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { serverBinary } from '../../tests/lib/server.mjs';
import { acknowledging, floorOf } from './acknowledging.mjs';
import { kBackends, withBackend, writeFloor } from './backends.mjs';
import { closing } from './closing.mjs';
import { loading } from './loading.mjs';
import { markdown } from './report.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const { values: args } = parseArgs({
  options: {
    stores: { type: 'string', default: Object.keys(kBackends).join(',') },
    seconds: { type: 'string', default: '3' },
    repeat: { type: 'string', default: '3' },
    baseline: { type: 'string' },
    parts: { type: 'string', default: 'acknowledging,closing,loading' },
    smoke: { type: 'boolean', default: false },
    'no-save': { type: 'boolean', default: false },
    out: { type: 'string', default: join(root, 'bench', 'results') },
    nice: { type: 'string', default: '0' },  // of everything here; a negative one, as root, on a machine that others use
  },
});
if (args.nice !== '0') {
  setPriority(Number(args.nice));
  // Linux weighs a session as a whole before it looks at the processes in it, so that needs the number, too.
  if (existsSync('/proc/self/autogroup')) writeFileSync('/proc/self/autogroup', args.nice);
}
const settings = args.smoke
  ? { nice: 0, seconds: 1, repeat: 1, rooms: [1, 20], closing: [50, 20], documents: [[100e3, 500]] }
  : {
    nice: Number(args.nice), seconds: Number(args.seconds), repeat: Number(args.repeat), rooms: [1, 100, 1000],
    closing: [6000, 500],
    documents: [100e3, 10e6, 100e6].flatMap((bytes) => [[bytes, 500], [bytes, 8000]]),
  };
const stores = args.stores.split(',');
const parts = new Set(args.parts.split(','));

function environment() {
  const run = (file, ...argv) => execFileSync(file, argv, { cwd: root, encoding: 'utf8' }).trim();
  let build;
  try {
    build = /CMAKE_BUILD_TYPE:\w+=(\w+)/.exec(readFileSync(join(dirname(serverBinary()), '..', '..', 'CMakeCache.txt'), 'utf8'))?.[1];
  } catch {
    build = undefined;  // an installed binary
  }
  return {
    date: new Date().toISOString(),
    commit: run('git', 'rev-parse', '--short', 'HEAD') + (run('git', 'status', '--porcelain', '--', 'src', 'include') ? ' with changes' : ''),
    build,
    cpu: `${cpus().length} x ${cpus()[0].model.trim()}`,
    memory_gib: Math.round(totalmem() / 2 ** 30),
    kernel: run('uname', '-sr'),
    node: process.version,
    baseline: args.baseline && execFileSync(args.baseline, ['--version'], { encoding: 'utf8' }).trim(),
  };
}

const results = { environment: environment(), settings, acknowledging: [], closing: [], loading: [] };
const loads = [loadavg()[0]];

// `measure` on a new store of the current server, and on one of the baseline's, if there is one.
async function beside(store, measure) {
  const figures = await withBackend(store, serverBinary(), measure);
  if (args.baseline) figures.baseline = await withBackend(store, args.baseline, measure);
  loads.push(loadavg()[0]);
  return figures;
}

for (const store of stores) {
  const { title } = new kBackends[store]();
  if (store !== 'postgres-folder' && parts.has('acknowledging')) {  // appends never go to the folder
    for (const rooms of settings.rooms) {
      const figures = await beside(store, async (backend) => {
        results.environment.postgres ??= backend.version?.();
        const measured = await acknowledging(backend, rooms, settings);
        return { store: title, ...measured, floor: await floorOf(backend, measured, settings) };
      });
      results.acknowledging.push(figures);
      console.log(`${title}, ${rooms} rooms: p50 ${figures.p50_ms.toFixed(2)} ms (floor ${figures.floor.p50_ms.toFixed(2)}), ` +
        `${figures.updates_per_s.toFixed(0)} acknowledged/s (floor ${figures.floor.updates_per_s.toFixed(0)})`);
    }
  }
  if (parts.has('closing')) {
    const [rooms, items] = settings.closing;
    const figures = await beside(store, async (backend) => {
      const measured = await closing(backend, rooms, items, settings);
      return { store: title, ...measured, floor: { ms: writeFloor(measured.state_bytes) } };
    });
    results.closing.push(figures);
    console.log(`${title}, ${rooms} rooms closed in ${figures.ms.toFixed(0)} ms (floor ${figures.floor.ms.toFixed(0)})`);
  }
  for (const [bytes, entries] of parts.has('loading') ? settings.documents : []) {
    const figures = await beside(store, async (backend) => ({ store: title, ...await loading(backend, bytes, entries, settings) }));
    results.loading.push(figures);
    console.log(`${title}, ${bytes / 1e6} MB in ${entries} entries: ${figures.ms.toFixed(1)} ms (floor ${figures.floor.ms.toFixed(1)}), ` +
      `${(figures.peak_bytes / 1e6).toFixed(1)} MB`);
  }
}
results.environment.load_average = [Math.min(...loads), Math.max(...loads)];
const text = markdown(results);
console.log(`\n${text}`);
if (!args.smoke && !args['no-save']) {
  mkdirSync(args.out, { recursive: true });
  const file = join(args.out, `storage-${results.environment.date.slice(0, 10)}`);
  writeFileSync(`${file}.json`, `${JSON.stringify(results, null, 1)}\n`);
  writeFileSync(`${file}.md`, text);
}
