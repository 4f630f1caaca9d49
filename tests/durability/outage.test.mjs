// Storage is out of reach for a long time: nobody is told that anything is safe, people go on editing together, and
// when it is back everything is stored, without a storm of connections or commits.
//
//   node tests/durability/outage.test.mjs [--minutes 0.6] [--rooms 30]
//
// Two servers share a network to one Postgres, which swallows everything and then delivers it late.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { setting, sleep } from '../lib/arguments.mjs';
import { ChaosProxy } from '../lib/chaos_proxy.mjs';
import { Client, converge } from '../lib/client.mjs';
import { metrics, sum } from '../lib/metrics.mjs';
import { Postgres } from '../lib/postgres.mjs';
import { serverBinary, startServer } from '../lib/server.mjs';
import { Audit } from './audit.mjs';

const minutes = setting('minutes', 0.6);
const room_count = setting('rooms', 30);
const kDatabase = 'symphony_test';
const kUnstoredBytes = 256 << 10;  // over it a room's writers are slowed

// Two people in a room of their own server; one writes, both must see it.
class Pair {
  constructor(server, room) {
    this.room = room;
    this.written = 0;
    this.url = () => server.room(room, 'acks=1');
    this.writer = new Client({ url: this.url, note: () => this.written });
    this.reader = new Client({ url: this.url });
  }

  write(bytes = 20) {
    this.written += 1;
    this.writer.doc.getArray('list').push([`${this.written}:${'x'.repeat(bytes)}`]);
  }

  get seen() { return this.reader.doc.getArray('list').length; }

  close() {
    this.writer.close();
    this.reader.close();
  }
}

async function every(ms, stopped, action) {
  while (!stopped()) {
    action();
    await sleep(ms);
  }
}

async function until(condition, what, within_ms) {
  for (const deadline = Date.now() + within_ms; !(await condition()); await sleep(50)) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${within_ms} ms`);
  }
}

const readiness = async (server) => (await fetch(`${server.url}/readyz`, { signal: AbortSignal.timeout(10000) })).status;

test(`${minutes} minutes without storage`, { timeout: minutes * 60000 + 180000 }, async (t) => {
  const postgres = await Postgres.start();
  const network = await ChaosProxy.start(postgres.port);
  let servers = [];
  let all = [];
  let stopped = false;
  t.after(async () => {
    stopped = true;
    for (const pair of all) pair.close();
    await Promise.all(servers.map((server) => server.kill()));
    await network.close();
    await postgres.stop();
  });
  await postgres.sql(`CREATE DATABASE ${kDatabase}`);
  await promisify(execFile)(serverBinary(), ['migrate', '--data', postgres.url({ database: kDatabase })]);
  const audit = await Audit.install(postgres, kDatabase);
  const start = () => startServer({
    data: postgres.url({ database: kDatabase, port: network.port }),
    args: ['--lease', '2s', '--unstored-bytes', String(kUnstoredBytes)],
  });
  servers = await Promise.all([start(), start()]);
  const pairs = Array.from({ length: room_count }, (_unused, i) => new Pair(servers[i % 2], `room ${i}`));
  const flood = new Pair(servers[0], 'flood');
  all = [...pairs, flood];
  await Promise.all(all.flatMap(({ writer, reader }) => [writer.synced(), reader.synced()]));
  const counted = async (name) => (await Promise.all(servers.map(async (server) => sum(await metrics(server), name)))).reduce((a, b) => a + b);

  // As things should be.
  const writing = every(300, () => stopped, () => pairs.forEach((pair) => pair.write()));
  await sleep(3000);
  for (const { writer } of pairs) assert.ok(writer.acknowledged > 3, `only ${writer.acknowledged} acknowledged while all is well`);
  for (const server of servers) assert.equal(await readiness(server), 200);
  const before = { accepted: network.accepted, open: network.open, failures: await counted('symphony_store_failures_total') };

  // The outage.
  network.block();
  const begin = Date.now();
  await sleep(1000);  // what had passed already is still acknowledged
  const acknowledged = all.map(({ writer }) => writer.acknowledged);
  const openings = pairs.map(({ writer, reader }) => writer.connections + reader.connections);
  const flooding = every(20, () => stopped, () => { if (flood.written < 4000) flood.write(4000); });
  await until(async () => (await Promise.all(servers.map(readiness))).every((status) => status === 503), '/readyz says it', 30000);
  t.diagnostic(`/readyz turned 503 after ${Date.now() - begin} ms`);
  await until(async () => await counted('symphony_troubled_rooms') >= room_count, 'every room is in trouble, says /metrics', 30000);
  t.diagnostic(`all rooms were counted as troubled after ${Date.now() - begin} ms`);
  while (Date.now() < begin + minutes * 60000) {
    const marks = pairs.map(({ written }) => written);
    const shown = Date.now();
    await until(() => pairs.every((pair, i) => pair.seen >= marks[i]), 'what one writes the other sees', 3000);
    assert.ok(Date.now() - shown < 3000);
    assert.deepEqual(all.map(({ writer }) => writer.acknowledged), acknowledged, 'something was acknowledged that is not stored');
    await sleep(1000);
  }
  assert.deepEqual(pairs.map(({ writer, reader }) => writer.connections + reader.connections), openings, 'nobody was disconnected');
  const unstored = await counted('symphony_unstored_updates');
  const failures = await counted('symphony_store_failures_total') - before.failures;
  const tries = network.accepted - before.accepted;
  assert.ok(unstored >= room_count, `only ${unstored} updates wait`);
  assert.ok(failures > 0, 'no failure was counted');
  t.diagnostic(`who writes too much wrote ${flood.written}, of which ${flood.seen} were passed on`);
  assert.ok(await counted('symphony_holds_total') > 0, 'who writes too much is slowed');
  assert.ok(flood.seen < flood.written, 'who writes too much goes on as before');
  for (const server of servers) assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
  t.diagnostic(`in ${minutes} minutes: ${failures} failed calls, ${tries} connections tried, ${unstored} updates waiting`);

  // It is over.
  const at_heal = { accepted: network.accepted, commits: await counted('symphony_store_commits_total') };
  const heal = Date.now();
  const due = all.map(({ written }) => written);
  network.heal();
  await until(() => pairs.every(({ writer }, i) => writer.acknowledged >= due[i]), 'what was waiting is acknowledged', 60000);
  t.diagnostic(`all that had waited in the rooms was acknowledged after ${Date.now() - heal} ms`);
  await until(async () => (await Promise.all(servers.map(readiness))).every((status) => status === 200), '/readyz is green again', 20000);
  await sleep(Math.max(0, heal + 5000 - Date.now()));
  const commits = await counted('symphony_store_commits_total') - at_heal.commits;
  const connections = network.accepted - at_heal.accepted;
  const seconds = (Date.now() - heal) / 1000;
  t.diagnostic(`in ${seconds.toFixed(1)} s after it: ${connections} connections made (${before.open} had been open), ${commits} commits`);
  assert.ok(connections <= 2 * before.open + 4, `${connections} connections right after: a storm`);
  assert.ok(commits <= 2 * 255 * seconds, `${commits} commits right after: a storm`);  // of two servers, one each 4 ms at most

  stopped = true;
  await Promise.all([writing, flooding]);
  await Promise.all(all.map(({ writer }) => writer.saved(60000)));
  for (const { writer, reader } of all) await converge([writer.doc, reader.doc], 30000);
  for (const server of servers) await server.kill();
  servers = await Promise.all([start(), start()]);
  for (const { writer, room } of all) {
    const newcomer = new Client({ url: () => servers[0].room(room), reconnect: 100 });
    await newcomer.synced(20000);
    await converge([newcomer.doc, writer.doc]);
    newcomer.close();
  }
  await audit.check('after the outage');
});
