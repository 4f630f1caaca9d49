// The stores that are measured: how a server is started on one, what it wrote to disk, and the floor: the least that
// storing the same bytes on the same disk can cost.
import { execFile, execFileSync } from 'node:child_process';
import { closeSync, fdatasyncSync, mkdirSync, openSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sleep } from '../../tests/lib/arguments.mjs';
import { Postgres } from '../../tests/lib/postgres.mjs';
import { startServer, temporaryFolder } from '../../tests/lib/server.mjs';
import { quantile } from './numbers.mjs';

const run = promisify(execFile);
const kFloorFileBytes = 16 << 20;

class Sqlite {
  title = 'SQLite';

  constructor(binary) { this.binary = binary; }

  async open() {
    this.folder = temporaryFolder('symphony-bench');
    this.data = join(this.folder, 'symphony.db');
  }

  start(args) { return startServer({ binary: this.binary, data: this.data, args }); }

  // Bytes that went to the disk so far because of the server.
  written(server) { return Number(/^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${server.pid}/io`, 'utf8'))[1]); }

  // Commits of `batch` records of `bytes` each, for a while: a write and an fdatasync each, into a file that has its
  // blocks already, as SQLite's and Postgres's logs have most of the time. `per_second` of them, or (0) as fast as it goes.
  async floor({ bytes, batch, seconds, per_second = 0 }) {
    const file = openSync(join(this.folder, 'floor'), 'w');
    writeSync(file, Buffer.alloc(kFloorFileBytes));
    fdatasyncSync(file);
    const record = Buffer.alloc(Math.max(1, Math.round(bytes * batch)), 7);
    const took = [];
    let at = 0;
    for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
      const begin = performance.now();
      writeSync(file, record, 0, record.length, at);
      at = (at + record.length) % (kFloorFileBytes - record.length);
      fdatasyncSync(file);
      took.push(performance.now() - begin);
      if (per_second > 0) await sleep(Math.max(0, begin + 1000 / per_second - performance.now()));
    }
    closeSync(file);
    return { p50_ms: quantile(took, 0.5), p99_ms: quantile(took, 0.99), updates_per_s: took.length * batch / seconds };
  }

  // The same bytes that a load reads, read.
  readFloor() { return readFiles([this.data, `${this.data}-wal`]); }

  async close() {}
}

class OnPostgres {
  title = 'Postgres';
  args = [];

  constructor(binary) { this.binary = binary; }

  async open() {
    this.postgres = await Postgres.start({ settings: { max_wal_size: '1GB', shared_buffers: '128MB' } });
    await this.postgres.sql('CREATE DATABASE rooms');
    this.data = this.postgres.url({ database: 'rooms' });
    await run(this.binary, ['migrate', '--data', this.data]);
  }

  start(args) { return startServer({ binary: this.binary, data: this.data, args: [...this.args, ...args] }); }

  // The WAL's, which is all that a commit waits for; the tables follow at the next checkpoint.
  async written() {
    const [{ bytes }] = await this.postgres.rows("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn AS bytes");
    return Number(bytes);
  }

  // Commits of `batch` rows into a table of the same shape, by pgbench with one connection, as appends have one.
  async floor({ bytes, batch, seconds, per_second = 0 }) {
    await this.postgres.sql(`DROP TABLE IF EXISTS floor; CREATE TABLE floor (room bytea NOT NULL, seq bigserial, epoch bigint NOT NULL,
      checksum bigint NOT NULL, stored timestamptz NOT NULL DEFAULT clock_timestamp(), update bytea NOT NULL, PRIMARY KEY (room, seq))`, 'rooms');
    const folder = temporaryFolder('symphony-bench');
    const rows = Math.max(1, Math.round(batch));
    const update = `'\\x${'61'.repeat(Math.round(bytes))}'`;
    writeFileSync(join(folder, 'insert.sql'), `INSERT INTO floor (room, epoch, checksum, update)
      SELECT 'room ' || i, 1, 1, ${update} FROM generate_series(1, ${rows}) AS i;\n`.replace("'room ' || i", "('room ' || i)::bytea"));
    await run(join(this.postgres.bin, 'pgbench'), ['-n', '-M', 'prepared', '-c', '1', '-T', String(seconds), '-l', '-f', join(folder, 'insert.sql'),
      ...(per_second > 0 ? ['-R', String(per_second)] : []), '-h', this.postgres.folder, '-p', String(this.postgres.port), '-U', 'postgres', 'rooms'],
    { cwd: folder });
    const log = readdirSync(folder).find((name) => name.startsWith('pgbench_log'));
    // client, number, time, script, when (s), when (us), and with a rate how late it began, which is part of the time
    const took = readFileSync(join(folder, log), 'utf8').trim().split('\n').map((line) => line.split(' ').map(Number))
      .map(([, , time, , , , late = 0]) => (time - late) / 1000);
    return { p50_ms: quantile(took, 0.5), p99_ms: quantile(took, 0.99), updates_per_s: took.length * rows / seconds };
  }

  // By psql's own clock, so without its start.
  readFloor() {
    const script = ['SELECT seq, epoch, checksum, update FROM symphony.slot', 'SELECT seq, epoch, checksum, state FROM symphony.snapshot']
      .map((query) => `\\copy (${query}) TO '/dev/null' BINARY\n`).join('');
    const said = execFileSync(join(this.postgres.bin, 'psql'), ['-X', '-h', this.postgres.folder, '-p', String(this.postgres.port),
      '-U', 'postgres', '-d', 'rooms', '-f', '-'], { input: `\\timing on\n${script}`, encoding: 'utf8' });
    const times = [...said.matchAll(/^Time: ([\d.]+) ms/gm)].map(([, ms]) => Number(ms));
    if (times.length !== 2) throw new Error(`psql did not copy: ${said}`);
    return { ms: times[0] + times[1] };
  }

  version() { return execFileSync(join(this.postgres.bin, 'postgres'), ['--version'], { encoding: 'utf8' }).trim(); }

  async close() { await this.postgres.stop(); }
}

class OnPostgresAndFolder extends OnPostgres {
  title = 'Postgres and a folder';

  async open() {
    await super.open();
    this.snapshots = temporaryFolder('symphony-bench');
    mkdirSync(this.snapshots, { recursive: true });
    this.args = ['--snapshots', `file://${this.snapshots}`];
  }

  readFloor() {
    const rows = super.readFloor();
    const files = readFiles(readdirSync(this.snapshots, { recursive: true }).map((name) => join(this.snapshots, name)));
    return { ms: rows.ms + files.ms };
  }
}

// Milliseconds for writing so many bytes to a new file, a MiB and an fdatasync at a time.
export function writeFloor(bytes) {
  const piece = Buffer.alloc(1 << 20, 7);
  const file = openSync(join(temporaryFolder('symphony-bench'), 'floor'), 'w');
  const begin = performance.now();
  for (let at = 0; at < bytes; at += piece.length) {
    writeSync(file, piece, 0, Math.min(piece.length, bytes - at), at);
    fdatasyncSync(file);
  }
  const ms = performance.now() - begin;
  closeSync(file);
  return ms;
}

function readFiles(paths) {
  const begin = performance.now();
  for (const path of paths) if (statSync(path, { throwIfNoEntry: false })?.isFile()) readFileSync(path);
  return { ms: performance.now() - begin };
}

export const kBackends = { sqlite: Sqlite, postgres: OnPostgres, 'postgres-folder': OnPostgresAndFolder };

// Opens a new one for the server `binary`, runs `use` with it, and ends it.
export async function withBackend(name, binary, use) {
  const backend = new kBackends[name](binary);
  await backend.open();
  try {
    return await use(backend);
  } finally {
    await backend.close();
  }
}
