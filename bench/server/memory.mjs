// What rooms cost in memory, and what of it comes back: an idle room, one that somebody works in, and after everybody
// has left.
//
//   node bench/server/memory.mjs [--baseline BINARY] [--only few,small,page,large,mixed] [--out bench/results] [--no-save]
//   node bench/server/memory.mjs --smoke      a few rooms; fails if memory does not come back; writes nothing
//
// One person a room (crowd.cpp), --grace 2s, everything else as it comes. A room's cost is the server's resident memory
// above what it was before the first client, through the number of rooms: documents, connections, caches, what the
// allocator leaves unused, all of it. $SYMPHONY_BIN is the server.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sleep } from '../../tests/lib/arguments.mjs';
import { metrics, sum } from '../../tests/lib/metrics.mjs';
import { serverBinary, startServer } from '../../tests/lib/server.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const { values: args } = parseArgs({
  options: {
    baseline: { type: 'string' },
    only: { type: 'string' },
    out: { type: 'string', default: join(root, 'bench', 'results') },
    'no-save': { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
  },
});

// Groups of [name, rooms, texts, characters of each]; whoever is in `first` leaves first.
const kCases = {
  small: { title: '6,000 rooms of 500 bytes', groups: [['a', 6000, 1, 500]] },
  page: { title: '6,000 rooms of 20 KB (500 texts of 40 characters)', groups: [['a', 6000, 500, 40]] },
  large: { title: '20 rooms of 20 MB', groups: [['a', 20, 20000, 1000]] },
  mixed: { title: '10 rooms of 20 MB and 3,000 of 20 KB; the large ones leave', groups: [['large', 10, 20000, 1000], ['page', 3000, 500, 40]] },
};
if (args.smoke) kCases.few = { title: '100 rooms of 20 KB', groups: [['a', 100, 500, 40]] };
const names = args.smoke ? ['few'] : args.only?.split(',') ?? Object.keys(kCases);

const kSettled = 4000;       // ms from the last edit until every document rests and what that freed has gone back
const kAfter = 30000;        // ms from the last room's end to the last look
const kWorkSeconds = 10;
const kWorkEvery = 2000;     // ms between two letters of one person

const generator = ['release', 'dev'].map((preset) => join(root, 'build', preset, 'bench', 'server', 'crowd')).find(existsSync);

if (!generator) throw new Error('bench/server/crowd is not built: cmake --preset release && cmake --build --preset release');

class Crowd {
  constructor(port) {
    this.child = spawn(generator, ['--port', String(port)], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async say(line) {
    this.child.stdin.write(`${line}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`the crowd ended at: ${line}`);
    return JSON.parse(value);
  }

  end() { this.child.stdin.end(); }
}

const resident = (pid, what = 'VmRSS') => Number(new RegExp(`${what}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;

function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function until(server, rooms) {
  for (const deadline = Date.now() + 120000; sum(await metrics(server), 'symphony_rooms') > rooms; await sleep(50)) {
    if (Date.now() > deadline) throw new Error('the rooms do not close');
  }
}

async function measure(binary, { groups }) {
  const server = await startServer({ binary, args: ['--grace', '2s', '--loops', '1', '--log-level', 'error'] });
  const crowd = new Crowd(server.port);
  try {
    await metrics(server);
    await sleep(1500);
    const before = resident(server.pid);
    const above = () => resident(server.pid) - before;
    const rooms = groups.reduce((all, [, count]) => all + count, 0);
    for (const [name, count, texts, bytes] of groups) await crowd.say(`open ${name} ${count} ${texts} ${bytes}`);
    const out = { rooms, before, opened: above() };
    await sleep(args.smoke ? 2500 : kSettled);
    out.idle = above();
    if (groups.length === 1 && groups[0][1] > 20) {
      const cpu = cpuSeconds(server.pid);
      const worked = crowd.say(`work ${groups[0][0]} ${args.smoke ? 3 : kWorkSeconds} ${kWorkEvery}`);
      await sleep((args.smoke ? 2 : kWorkSeconds - 2) * 1000);
      out.working = above();
      await worked;
      out.work_cpu_s = cpuSeconds(server.pid) - cpu;
    }
    if (groups.length > 1) {
      await crowd.say(`leave ${groups[0][0]}`);
      await until(server, rooms - groups[0][1]);
      await sleep(kAfter);
      out.left_behind = above();  // the rest is still there
    }
    const begin = performance.now();
    for (const [name] of groups.slice(groups.length > 1 ? 1 : 0)) await crowd.say(`leave ${name}`);
    await until(server, 0);
    out.close_ms = performance.now() - begin - 2000;
    await sleep(args.smoke ? 3000 : kAfter);
    out.after = above();
    out.peak = resident(server.pid, 'VmHWM') - before;
    return out;
  } finally {
    crowd.end();
    await server.kill();
  }
}

const mb = (bytes) => (bytes === undefined ? '' : `${(bytes / 1e6).toFixed(1)}`);
const kib = (bytes, rooms) => (bytes === undefined ? '' : `${(bytes / rooms / 1024).toFixed(2)}`);

function markdown({ environment, measured }) {
  const out = [
    `# Memory of rooms, ${environment.date.slice(0, 10)}`, '',
    `Commit ${environment.commit}; ${environment.cpu}, ${environment.memory_gib} GiB, ${environment.kernel}; ${environment.allocator}.`, '',
    'Resident memory of `symphony serve --loops 1 --grace 2s` (SQLite) above what it was before the first client; one person a room.',
    `Idle: ${kSettled / 1000} s after everybody has come and everything is stored. Working: each person types a letter every ${kWorkEvery / 1000} s.`,
    `After: ${kAfter / 1000} s after the last room has gone.`, '',
    '| rooms | server | idle, KiB a room | working, KiB a room | CPU of working, s | peak MB | all closed after ms | after MB |', '|---|---|---|---|---|---|---|---|',
  ];
  for (const { title, server, figures: f } of measured) {
    out.push(`| ${title} | ${server} | ${kib(f.idle, f.rooms)} | ${kib(f.working, f.rooms)} | ${f.work_cpu_s?.toFixed(2) ?? ''} | ${mb(f.peak)} | ${Math.max(0, f.close_ms).toFixed(0)} | ${mb(f.after)} |`);
    if (f.left_behind !== undefined) out.push(`| (when the large half has left) | ${server} | ${kib(f.left_behind, f.rooms - 10)} | | | | | ${mb(f.left_behind)} |`);
  }
  return `${out.join('\n')}\n`;
}

const current = serverBinary();
const results = {
  environment: {
    date: new Date().toISOString(),
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim(),
    cpu: `${cpus().length} x ${cpus()[0].model.trim()}`, memory_gib: Math.round(totalmem() / 2 ** 30),
    kernel: execFileSync('uname', ['-sr'], { encoding: 'utf8' }).trim(),
    allocator: /mimalloc/.test(execFileSync('ldd', [current], { encoding: 'utf8' })) ? 'mimalloc' : 'the system\'s allocator',
  },
  measured: [],
};
for (const name of names) {
  for (const [server, binary] of [['now', current], ...(args.baseline ? [['before', args.baseline]] : [])]) {
    const figures = await measure(binary, kCases[name]);
    results.measured.push({ title: kCases[name].title, server, figures });
    console.log(`${kCases[name].title}, ${server}: ${kib(figures.idle, figures.rooms)} KiB a room idle, ${mb(figures.after)} MB after the last`);
    if (args.smoke && figures.after > 8e6) throw new Error('memory does not come back');
  }
}
const text = markdown(results);
console.log(`\n${text}`);
if (!args.smoke && !args['no-save']) {
  mkdirSync(args.out, { recursive: true });
  const file = join(args.out, `memory-${results.environment.date.slice(0, 10)}`);
  writeFileSync(`${file}.json`, `${JSON.stringify(results, null, 1)}\n`);
  writeFileSync(`${file}.md`, text);
}
