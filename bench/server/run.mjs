// The whole-server benchmark: Symphony and npm y-websocket's server under the same load, in the same run.
//
//   node bench/server/run.mjs [--users 300] [--seconds 10] [--repeat 3] [--no-capacity] [--servers symphony,y-websocket] [--nice=-15] [--out bench/results]
//   node bench/server/run.mjs --smoke          a few users for two seconds; every update must arrive; writes nothing
//
// The load (load.cpp) is rooms of four people, each one document update and five presence messages a second, real Yjs
// updates, real sockets. A server is pinned to one core, the generator to another. "Same work" runs all servers at --users in
// turns, --repeat times, and compares CPU time and latency of document updates in each one's median run. "Capacity" is the highest number of users with p99 under 100 ms and
// every update delivered. Symphony stores every update with fsync before it acknowledges; plain y-websocket keeps all in memory.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { encode, record } from './record.mjs';
import { markdown } from './report.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const require = createRequire(import.meta.url);
const { values: args } = parseArgs({
  options: {
    users: { type: 'string', default: '300' },
    seconds: { type: 'string', default: '10' },
    warmup: { type: 'string', default: '3' },
    repeat: { type: 'string', default: '3' },
    'no-capacity': { type: 'boolean', default: false },
    max: { type: 'string', default: '6000' },
    servers: { type: 'string', default: 'symphony,y-websocket,y-websocket+leveldb' },
    smoke: { type: 'boolean', default: false },
    out: { type: 'string', default: join(root, 'bench', 'results') },
    build: { type: 'string' },
    nice: { type: 'string', default: '0' },  // of servers and generator alike; a negative one, as root, on a machine that others use
  },
});
const p99Max = 100;
const folder = mkdtempSync(join(tmpdir(), 'symphony-bench-'));
const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));

function built(path) {
  const builds = args.build ? [args.build] : ['release', 'dev'].map((preset) => join(root, 'build', preset));
  const found = builds.map((build) => join(build, path)).find(existsSync);
  if (!found) throw new Error(`${path} is not built: cmake --preset release && cmake --build --preset release`);
  return found;
}

const binary = process.env.SYMPHONY_BIN ?? built('src/cli/symphony');
const generator = built('bench/server/load');
const yWebsocket = dirname(require.resolve('y-websocket-2/package.json', { paths: [join(root, 'tests')] }));

// How each server is started: a command, its variables, and where its rooms are.
const servers = {
  symphony: {
    title: `symphony serve --loops 1 (SQLite, fsync before acknowledging)`,
    prefix: '/rooms/',
    command: (port, data) => [binary, 'serve', '--listen', `127.0.0.1:${port}`, '--data', join(data, 'symphony.db'), '--loops', '1', '--log-level', 'warning'],
    env: () => ({}),
  },
  'y-websocket': {
    title: `npm y-websocket ${versionOf(yWebsocket)} server, in memory`,
    prefix: '/',
    command: () => [process.execPath, join(yWebsocket, 'bin', 'server.cjs')],
    env: (port) => ({ HOST: '127.0.0.1', PORT: String(port) }),
  },
  'y-websocket+leveldb': {
    title: `npm y-websocket ${versionOf(yWebsocket)} server with LevelDB (no fsync)`,
    prefix: '/',
    command: () => [process.execPath, join(yWebsocket, 'bin', 'server.cjs')],
    env: (port, data) => ({ HOST: '127.0.0.1', PORT: String(port), YPERSISTENCE: join(data, 'leveldb') }),
  },
};

function versionOf(path) { return JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')).version; }

const freePort = () => new Promise((resolve) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});

// With two cores or more a server has one to itself. On one core nothing can be pinned, and figures mean little.
const cores = /Cpus_allowed_list:\s*(\S+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1].split(',').flatMap((range) => {
  const [first, last = first] = range.split('-').map(Number);
  return Array.from({ length: last - first + 1 }, (_unused, index) => first + index);
});
// Linux weighs a session as a whole before it looks at the processes in it, so that needs the number, too.
if (Number(args.nice) < 0 && existsSync('/proc/self/autogroup')) writeFileSync('/proc/self/autogroup', args.nice);
const pinned = (core, command) => [
  ...(args.nice === '0' ? [] : ['nice', '-n', args.nice]), ...(cores.length > 1 ? ['taskset', '-c', String(cores[core])] : []), ...command,
];

async function start(name) {
  const port = await freePort();
  const data = mkdtempSync(join(folder, 'data-'));
  const server = servers[name];
  const [file, ...argv] = pinned(0, server.command(port, data));
  const child = spawn(file, argv, { env: { ...process.env, NODE_ENV: 'production', ...server.env(port, data) }, stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  let log = '';
  const ended = new Promise((resolve) => child.once('exit', () => { children.delete(child); resolve(); }));
  await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${name} did not start\n${log}`)), 20000);
    child.stdout.on('data', (chunk) => {
      log += chunk;
      if (/running at|symphony is ready/.test(log)) { clearTimeout(timer); resolve(); }
    });
    child.stderr.on('data', (chunk) => { log += chunk; });
    ended.then(() => { clearTimeout(timer); reject(new Error(`${name} ended at once\n${log}`)); });
  });
  return {
    name, port, prefix: server.prefix, pid: child.pid,
    async stop() {
      child.kill('SIGKILL');
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

// One run of the load on a fresh server.
async function measure(name, users, seconds, warmup) {
  const server = await start(name);
  try {
    const [file, ...argv] = pinned(1, [generator, '--recording', join(folder, 'recording'), '--port', String(server.port), '--prefix', server.prefix,
      '--users', String(users), '--seconds', String(seconds), '--warmup', String(warmup), '--pid', String(server.pid)]);
    const child = spawn(file, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
    children.add(child);
    const text = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr']) child[stream].on('data', (chunk) => { text[stream] += chunk; });
    const code = await new Promise((resolve) => child.once('close', resolve));
    children.delete(child);
    if (code !== 0) return { users, failed: text.stderr.trim() || `exit ${code}` };
    return { users, load_average: loadavg()[0], ...JSON.parse(text.stdout) };
  } finally {
    await server.stop();
  }
}

// The run with the median CPU time.
const middle = (runs) => runs.sort((a, b) => (a.server_cpu_s ?? 1e9) - (b.server_cpu_s ?? 1e9))[Math.floor((runs.length - 1) / 2)];

const good = (result) => !result.failed && result.delivered === result.expected && result.p99_ms >= 0 && result.p99_ms < p99Max;

function line(name, result) {
  if (result.failed) return `${name.padEnd(20)} ${String(result.users).padStart(5)} users: ${result.failed}`;
  const busy = result.generator_late_ms > 50 ? `   generator up to ${result.generator_late_ms} ms late` : '';
  return `${name.padEnd(20)} ${String(result.users).padStart(5)} users: p50 ${result.p50_ms.toFixed(2)} ms, p99 ${result.p99_ms.toFixed(2)} ms, ` +
    `${(result.server_cpu_part * 100).toFixed(1)}% of a core, ${result.delivered}/${result.expected} delivered${busy}`;
}

// The highest number of users that the server carries: doubled until it fails, then narrowed to within a tenth. A level counts as
// failed when it fails twice, so that one hiccup of a shared machine decides nothing.
async function capacity(name, seconds, warmup) {
  const max = Number(args.max);
  const tried = [];
  const holds = async (users) => {
    for (let attempt = 0; attempt < 2; attempt++) {
      const result = await measure(name, users, seconds, warmup);
      tried.push(result);
      console.log(`  ${line(name, result)}`);
      if (good(result)) return true;
    }
    return false;
  };
  const even = (users) => Math.round(users / 20) * 20;
  let [low, high] = [0, 200];
  while (high <= max && await holds(high)) [low, high] = [high, high * 2];
  if (high > max) high = max;
  while (high - low > Math.max(40, low / 10)) {
    const middle = even((low + high) / 2);
    if (await holds(middle)) low = middle;
    else high = middle;
  }
  return { users: low, at: tried.filter((one) => one.users === low && good(one))[0] ?? null, tried };
}

function environment() {
  const run = (file, ...argv) => execFileSync(file, argv, { cwd: root, encoding: 'utf8' }).trim();
  return {
    date: new Date().toISOString(),
    commit: run('git', 'rev-parse', '--short', 'HEAD') + (run('git', 'status', '--porcelain', '--', 'src', 'include') ? ' with changes' : ''),
    cpu: `${cpus().length} x ${cpus()[0].model.trim()}`,
    memory_gib: Math.round(totalmem() / 2 ** 30),
    kernel: run('uname', '-sr'),
    node: process.version,
    y_websocket: versionOf(yWebsocket),
    yjs: versionOf(join(root, 'node_modules', 'yjs')),
    build: /CMAKE_BUILD_TYPE:\w+=(\w+)/.exec(readFileSync(join(dirname(generator), '..', '..', 'CMakeCache.txt'), 'utf8'))?.[1],
  };
}

async function smoke() {
  for (const name of ['symphony', 'y-websocket']) {
    const result = await measure(name, 16, 2, 0);
    console.log(line(name, result));
    if (result.failed || result.delivered !== result.expected) {
      console.log(`server bench: ${name} did not deliver every update`);
      process.exitCode = 1;
    }
  }
}

async function benchmark() {
  const names = args.servers.split(',');
  const results = { environment: environment(), load: { users: Number(args.users), seconds: Number(args.seconds), repeat: Number(args.repeat), nice: Number(args.nice), p99_max_ms: p99Max }, same_work: {}, capacity: {} };
  results.titles = Object.fromEntries(names.map((name) => [name, servers[name].title]));
  console.log(`same work: ${args.users} users`);
  const measured = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < Number(args.repeat); round++) {  // in turns, so that a busy minute of the machine meets all of them
    for (const name of names) {
      measured[name].push(await measure(name, Number(args.users), Number(args.seconds), Number(args.warmup)));
      console.log(`  ${line(name, measured[name][round])}`);
    }
  }
  for (const name of names) results.same_work[name] = middle(measured[name]);
  results.same_work_all = measured;
  if (!args['no-capacity']) {
    console.log(`capacity: p99 under ${p99Max} ms on one core`);
    for (const name of names) results.capacity[name] = await capacity(name, Math.min(8, Number(args.seconds)), Number(args.warmup));
  }
  const text = markdown(results);
  console.log(`\n${text}`);
  mkdirSync(args.out, { recursive: true });
  const file = join(args.out, `server-${results.environment.date.slice(0, 10)}`);
  writeFileSync(`${file}.json`, `${JSON.stringify(results, null, 1)}\n`);
  writeFileSync(`${file}.md`, text);
}

writeFileSync(join(folder, 'recording'), encode(record()));
await (args.smoke ? smoke() : benchmark());
