// The real server as a child process, for tests: a port of its own, a folder of its own, ended by pid.
//
//   const server = await startServer();              // or { data, port, args, env, quiet }
//   new WebSocket(server.room('my room'));
//   await server.kill();                             // kill -9
//   await startServer({ data: server.data, port: server.port });
//   await server.stop();                             // SIGTERM, waits, asserts a clean exit
//
// A process that ends takes its servers with it: every child still running at exit is killed.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const running = new Set();
const folders = new Set();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(130));

// The binary under test: $SYMPHONY_BIN, else the release build, else the dev build.
export function serverBinary() {
  if (process.env.SYMPHONY_BIN) return process.env.SYMPHONY_BIN;
  const candidates = ['release', 'dev'].map((preset) => join(root, 'build', preset, 'src', 'cli', 'symphony'));
  const found = candidates.find(existsSync);
  if (!found) throw new Error(`no server binary: build one (${candidates.join(' or ')}) or set SYMPHONY_BIN`);
  return found;
}

// A new empty folder that is removed when this process ends.
export function temporaryFolder(name = 'symphony-test') {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  folders.add(folder);
  return folder;
}

// A loopback port that nobody has, for a program that cannot choose one itself.
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

// Starts `symphony serve` and waits for its ready line. Options:
//   data      the database file (default: in a new temporary folder)
//   port      0 (default) lets the system choose
//   binary    the program (default: serverBinary())
//   args      more command-line arguments
//   env       more environment variables
//   wrap      a command that ends in exec'ing its arguments, put before the server's
//   quiet     false, or SYMPHONY_TEST_LOG set: the server's log goes to our stderr as well
//   ready_ms  how long starting may take
export async function startServer({ data, port = 0, binary = serverBinary(), args = [], env = {}, wrap = [], quiet = !process.env.SYMPHONY_TEST_LOG, ready_ms = 20000 } = {}) {
  data ??= join(temporaryFolder(), 'symphony.db');
  const [command, ...argv] = [...wrap, binary, 'serve', '--listen', `127.0.0.1:${port}`, '--data', data, ...args];
  const child = spawn(command, argv, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const server = new Server(child, data);
  child.stderr.on('data', (chunk) => {
    server.remember(chunk);
    if (!quiet) process.stderr.write(chunk);
  });
  await new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(new Error(`the server was not ready after ${ready_ms} ms`)), ready_ms);
    const settle = (error) => {
      clearTimeout(timer);
      if (!error) return resolve();
      child.kill('SIGKILL');
      error.message += `\n--- its log:\n${server.log}`;
      reject(error);
    };
    child.once('error', settle);
    server.exited.then(({ code, signal }) => settle(new Error(`the server ended before it was ready (${code ?? signal})`)));
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      if (server.url) return;
      stdout += chunk;
      const match = /(https?:\/\/[^\s/]+)\S*[^\S\n]*.*\n/.exec(stdout);
      if (!match) return;
      server.url = match[1];
      server.port = Number(new URL(match[1]).port);
      settle();
    });
  });
  return server;
}

class Server {
  url = '';  // http://127.0.0.1:port
  port = 0;
  log = '';  // the newest 64 KiB of its stderr

  constructor(child, data) {
    this.child = child;
    this.data = data;
    this.exited = new Promise((resolve) => {
      const end = (code, signal) => {
        running.delete(child);
        resolve({ code, signal });
      };
      child.once('exit', end);
      child.once('error', () => end(-1, null));
    });
  }

  get pid() { return this.child.pid; }

  // Where a WebSocket client finds a room; the id is percent-encoded, slashes kept.
  room(id, query = '') {
    const path = id.split('/').map(encodeURIComponent).join('/');
    return `${this.url.replace(/^http/, 'ws')}/rooms/${path}${query && `?${query}`}`;
  }

  // For y-websocket's provider, which appends '/<room>' itself.
  get roomsUrl() { return `${this.url.replace(/^http/, 'ws')}/rooms`; }

  // kill -9; resolves when the process is gone.
  async kill() {
    this.child.kill('SIGKILL');
    return this.exited;
  }

  // SIGTERM; resolves after a clean exit, and throws if it is not one or takes longer than `within_ms`.
  async stop({ within_ms = 15000 } = {}) {
    this.child.kill('SIGTERM');
    let timer;
    const late = new Promise((resolve) => { timer = setTimeout(() => resolve(null), within_ms); });
    const end = await Promise.race([this.exited, late]);
    clearTimeout(timer);
    if (!end) {
      await this.kill();
      throw new Error(`the server did not end within ${within_ms} ms of SIGTERM\n--- its log:\n${this.log}`);
    }
    if (end.code !== 0) throw new Error(`the server ended with ${end.code ?? end.signal}\n--- its log:\n${this.log}`);
  }

  // Resident memory in bytes, from /proc.
  memoryBytes() {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) * 1024;
  }

  alive() { return this.child.exitCode === null && this.child.signalCode === null; }

  remember(chunk) { this.log = (this.log + chunk).slice(-65536); }
}
