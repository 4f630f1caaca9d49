// A real Postgres (Debian's postgresql-15, or any newer one) as a child process: a cluster of its own in a folder of
// its own, on a free loopback port, ended by pid. As root it runs as the user `postgres`, since it refuses to be root.
//
//   const postgres = await Postgres.start();         // or { folder, settings }
//   await postgres.sql('CREATE DATABASE one');
//   const [{ n }] = await postgres.rows('SELECT 1 AS n', 'one');
//   postgres.url({ user: 'postgres', database: 'one' })
//   await postgres.kill();  await postgres.start();  // kill -9 of the postmaster, and recovery
//   await postgres.stop();
import { execFile, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sleep } from './arguments.mjs';
import { freePort, temporaryFolder } from './server.mjs';

const run = promisify(execFile);
const running = new Set();
// At once, and with its backends; without WAL that is lost, since nobody will start it again.
process.prependListener('exit', () => { for (const child of running) child.kill('SIGQUIT'); });

// The folder of initdb, postgres, psql and pgbench.
export function postgresBinaries() {
  const home = '/usr/lib/postgresql';
  const versions = existsSync(home) ? readdirSync(home).sort((a, b) => Number(b) - Number(a)) : [];
  const found = versions.map((version) => join(home, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')));
  if (!found) throw new Error('this test needs a Postgres to start: apt-get install postgresql (tools/setup.sh does it without starting one)');
  return found;
}

// What the system needs to run a command as somebody who is not root.
const kUser = process.getuid() === 0 ? 'postgres' : null;
const asUser = (command) => (kUser ? ['setpriv', '--reuid', kUser, '--regid', kUser, '--init-groups', ...command] : command);

export class Postgres {
  log = '';        // the newest 64 KiB since its newest start
  child = null;    // the postmaster, or null while it does not run
  starts = 0;

  // folder    an empty one, whose parents everybody may pass (default: a temporary one)
  // settings  more of postgresql.conf
  static async start({ folder = temporaryFolder('symphony-postgres'), settings = {} } = {}) {
    const postgres = new Postgres(folder, await freePort(), settings);
    await postgres.initialize();
    await postgres.start();
    return postgres;
  }

  constructor(folder, port, settings) {
    this.bin = postgresBinaries();
    this.folder = folder;
    this.port = port;
    this.settings = {
      listen_addresses: '127.0.0.1', port, unix_socket_directories: folder, max_connections: 100, shared_buffers: '32MB',
      min_wal_size: '2MB', max_wal_size: '32MB', recovery_init_sync_method: 'syncfs', ...settings,
    };
  }

  get data() { return join(this.folder, 'data'); }
  get pid() { return this.child?.pid; }

  async initialize() {
    mkdirSync(this.folder, { recursive: true });
    if (kUser) {
      const id = (what) => Number(execFileSync('id', [what, kUser], { encoding: 'utf8' }));
      chownSync(this.folder, id('-u'), id('-g'));
    }
    const [command, ...args] = asUser([join(this.bin, 'initdb'), '-D', this.data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8',
      '--locale=C', '--wal-segsize=1', '--no-sync']);
    await run(command, args, { cwd: this.folder });
  }

  // Resolves when it takes connections, after recovery if need be. Rejects if it ends before: no disk, say.
  async start(within_ms = 30000) {
    const settings = Object.entries(this.settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const deadline = Date.now() + within_ms;
    for (;;) {
      this.log = '';
      const [command, ...args] = asUser([join(this.bin, 'postgres'), '-D', this.data, ...settings]);
      const child = spawn(command, args, { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] });
      running.add(child);
      this.child = child;
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { this.log = (this.log + chunk).slice(-65536); });
      this.exited = new Promise((resolve) => child.once('exit', () => {
        running.delete(child);
        if (this.child === child) this.child = null;
        resolve();
      }));
      while (this.child === child && !(await this.answers())) {
        if (Date.now() > deadline) throw new Error(`Postgres takes no connections after ${within_ms} ms:\n${this.log}`);
        await sleep(30);
      }
      if (this.child === child) break;
      // Backends of a postmaster that was killed notice it and end within moments; until then nobody else may start.
      const busy = /pre-existing shared memory block|another server might be running|could not bind/.test(this.log);
      if (!busy || Date.now() > deadline) throw new Error(`Postgres did not start:\n${this.log}`);
      await sleep(100);
    }
    this.starts += 1;
  }

  async answers() {
    try {
      await this.sql('SELECT 1', 'postgres', 2000);
      return true;
    } catch {
      return false;
    }
  }

  get alive() { return this.child !== null; }

  // Whatever state it is in: recovering, ended because the disk was full, or fine.
  async ensureItRuns(within_ms = 30000) {
    const deadline = Date.now() + within_ms;
    while (!(this.alive && await this.answers())) {
      if (Date.now() > deadline) throw new Error(`Postgres does not recover:\n${this.log}`);
      if (!this.alive) await this.start();
      else await sleep(50);
    }
  }

  async end(signal, within_ms = 20000) {
    if (!this.child) return;
    this.child.kill(signal);
    let timer;
    const late = new Promise((resolve) => { timer = setTimeout(() => resolve(true), within_ms); });
    const is_late = await Promise.race([this.exited, late]);
    clearTimeout(timer);
    if (is_late) throw new Error(`Postgres did not end after ${signal}:\n${this.log}`);
  }

  stop() { return this.end('SIGINT'); }         // pg_ctl stop -m fast
  stopAtOnce() { return this.end('SIGQUIT'); }  // pg_ctl stop -m immediate: recovery at the next start
  kill() { return this.end('SIGKILL'); }

  // Through the socket, past any proxy; what it printed. Several statements are one transaction.
  async sql(text, database = 'postgres', timeout = 60000) {
    const args = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-h', this.folder, '-p', String(this.port), '-U', 'postgres'];
    const child = run(join(this.bin, 'psql'), [...args, '-d', database, '-f', '-'], { timeout, maxBuffer: 1 << 30 });
    child.child.stdin.end(text);
    return (await child).stdout;
  }

  // The rows of one query as objects.
  async rows(query, database) {
    return JSON.parse(await this.sql(`SELECT coalesce(json_agg(t), '[]') FROM (${query}) t`, database));
  }

  url({ user = 'postgres', database = 'postgres', port = this.port, query = '' } = {}) {
    return `postgres://${user}@127.0.0.1:${port}/${database}${query && `?${query}`}`;
  }

  version() { return readFileSync(join(this.data, 'PG_VERSION'), 'utf8').trim(); }
}
