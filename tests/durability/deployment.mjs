// What is tortured: servers, the store they share, and the network between them.
//
//   sqlite             one server, one file
//   postgres           three servers, each with a network of its own to one Postgres
//   postgres-folder    snapshots over 64 KiB in a folder
//   postgres-s3        snapshots over 64 KiB in an S3 server, each server with a network of its own to it
//
// Where file systems may be mounted, what is stored lies on small ones, so that they can be filled.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sleep } from '../lib/arguments.mjs';
import { ChaosProxy } from '../lib/chaos_proxy.mjs';
import { Postgres } from '../lib/postgres.mjs';
import { S3Server } from '../lib/s3_server.mjs';
import { serverBinary, startServer, temporaryFolder } from '../lib/server.mjs';
import { kMountable, SmallDisk } from '../lib/small_disk.mjs';
import { Audit } from './audit.mjs';

export const kBackends = ['sqlite', 'postgres', 'postgres-folder', 'postgres-s3'];
export const kLeaseMs = 1000;
const kServersOnPostgres = 3;
const kDatabase = 'symphony_test';
const kUser = 'room_server';  // may do what a room server may, and no more

export class Deployment {
  disks = new Map();  // what can be filled: name -> SmallDisk
  sites = [];         // one a server
  postgres = null;
  objects = null;     // the S3 server
  audit = null;       // on Postgres: who wrote what when

  static async start(backend, random) {
    const deployment = new Deployment(backend, random);
    try {
      if (backend === 'sqlite') deployment.useSqlite();
      else await deployment.usePostgres();
      await Promise.all(deployment.sites.map((site) => site.startOnce()));
      return deployment;
    } catch (error) {
      await deployment.close();
      throw error;
    }
  }

  constructor(backend, random) {
    assert.ok(kBackends.includes(backend), `--backend is one of ${kBackends.join(', ')}`);
    this.backend = backend;
    this.random = random;
  }

  folder(name, bytes) {
    if (!kMountable) return temporaryFolder(`symphony-${name}`);
    const disk = new SmallDisk(bytes);
    this.disks.set(name, disk);
    return disk.folder;
  }

  useSqlite() {
    this.sites = [new Site(this, { data: join(this.folder('sqlite', 96 << 20), 'symphony.db') })];
  }

  async usePostgres() {
    // Backends that wait for a connection that is gone would keep their locks for as long as TCP believes in it.
    const settings = { tcp_user_timeout: '5s', client_connection_check_interval: '1s' };
    this.postgres = await Postgres.start({ folder: join(this.folder('postgres', 300 << 20), 'cluster'), settings });
    await this.postgres.sql(`CREATE DATABASE ${kDatabase}`);
    const args = ['migrate', '--data', this.postgres.url({ database: kDatabase })];
    await promisify(execFile)(serverBinary(), args);
    await this.postgres.sql(`CREATE USER ${kUser} IN ROLE symphony_room`);
    this.audit = await Audit.install(this.postgres, kDatabase);
    const folder = this.backend === 'postgres-folder' ? this.folder('snapshots', 48 << 20) : null;
    if (this.backend === 'postgres-s3') this.objects = await S3Server.start();
    for (let i = 0; i < kServersOnPostgres; i++) {
      const database = await ChaosProxy.start(this.postgres.port);
      const objects = this.objects ? await ChaosProxy.start(this.objects.port) : null;
      const data = this.postgres.url({ user: kUser, database: kDatabase, port: database.port });
      const snapshots = objects ? this.objects.url({ port: objects.port, prefix: 'rooms' }) : folder && `file://${folder}`;
      this.sites.push(new Site(this, { data, database, objects, snapshots, env: this.objects?.credentials }));
    }
  }

  // Everything works again; late messages arrive or are lost.
  async heal() {
    for (const disk of this.disks.values()) disk.free();
    await this.postgres?.ensureItRuns();
    for (const site of this.sites) {
      site.thaw();
      for (const proxy of site.proxies) proxy.heal({ lose: this.random.chance(0.5) });
    }
    await Promise.all(this.sites.map((site) => site.start()));
  }

  async close() {
    await Promise.all(this.sites.map((site) => site.close()));
    await this.postgres?.stop();
    await this.objects?.stop();
    for (const disk of this.disks.values()) disk.close();
  }
}

// One server with its network, and the supervisor who starts it again until it runs.
export class Site {
  server = null;
  is_frozen = false;
  starting = null;
  closed = false;

  constructor(deployment, { data, database = null, objects = null, snapshots = null, env = {} }) {
    Object.assign(this, { deployment, data, database, objects, snapshots, env });
  }

  get proxies() { return [this.database, this.objects].filter(Boolean); }
  get runs() { return this.server !== null && this.server.alive(); }

  start() {
    if (this.runs || this.closed) return Promise.resolve();
    this.starting ??= this.startUntilItRuns().finally(() => { this.starting = null; });
    return this.starting;
  }

  async startOnce() {
    const { random } = this.deployment;
    // Snapshots seldom or all the time; rooms that stay, and rooms that close as soon as they are left.
    const args = ['--snapshot-updates', random.pick(['3', '40', '500']), '--grace', random.pick(['10ms', '300ms', '30s'])];
    if (this.database) args.push('--lease', `${kLeaseMs}ms`);
    if (this.snapshots) args.push('--snapshots', this.snapshots);
    this.server = await startServer({ data: this.data, args, env: this.env, ready_ms: 10000 });
  }

  // Without a store no server starts; a supervisor tries again.
  async startUntilItRuns() {
    for (const deadline = Date.now() + 60000; !this.closed && !this.runs;) {
      await this.startOnce().catch(async (error) => {
        if (Date.now() > deadline) throw error;
        await sleep(200);
      });
    }
  }

  async kill() {
    await this.starting;
    this.thaw();
    await this.server?.kill();
  }

  freeze() {
    if (!this.runs) return;
    this.is_frozen = true;
    this.server.child.kill('SIGSTOP');
  }

  thaw() {
    if (this.is_frozen) this.server.child.kill('SIGCONT');
    this.is_frozen = false;
  }

  // Where a client finds the room at this server; a port nobody listens on while it does not run.
  url(room) {
    return this.server ? this.server.room(room, 'acks=1') : 'ws://127.0.0.1:1/';
  }

  async close() {
    this.closed = true;
    await this.kill();
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
  }
}
