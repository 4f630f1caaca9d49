// The disk is full: acknowledgements stop, editing goes on, and when there is room again everything is stored
// without anybody doing anything.
//
// Full in two ways: a limit on the size of files (RLIMIT_FSIZE, which any user may set, lifted from outside later)
// and, where we may mount one, a file system that is really too small.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sleep } from '../lib/arguments.mjs';
import { converge, Client, freshClient } from '../lib/client.mjs';
import { startServer, temporaryFolder } from '../lib/server.mjs';
import { kMountable, SmallDisk } from '../lib/small_disk.mjs';

async function ready(server) {
  return (await fetch(`${server.url}/readyz`)).status;
}

async function until(condition, what, within_ms = 30000) {
  const deadline = Date.now() + within_ms;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${within_ms} ms`);
    await sleep(50);
  }
}

// `fill` makes the disk full, `free` makes room again.
async function scenario({ server, fill, free, restart }) {
  const url = () => server.room('notes', 'acks=1');
  const done = { count: 0 };
  const writer = new Client({ url, note: () => done.count });
  const reader = new Client({ url });
  const add = (bytes) => {
    done.count += 1;
    writer.doc.getArray('list').push([done.count]);
    writer.doc.getMap('ballast').set(String(done.count), 'x'.repeat(bytes));
  };
  try {
    await writer.synced();
    await reader.synced();
    for (let i = 0; i < 20; i++) add(1000);
    await writer.saved();
    assert.equal(await ready(server), 200);

    await fill();
    // Until an edit is not acknowledged for a while, the disk only fills up.
    await until(async () => {
      const before = writer.durable;
      add(20000);
      await sleep(200);
      return writer.durable === before && writer.durable < writer.sent;
    }, 'acknowledgements stop');
    const stuck = writer.acknowledged;
    const openings = writer.connections;

    // Live editing goes on, and nothing more is called durable.
    for (let i = 0; i < 50; i++) {
      add(1000);
      await sleep(10);
    }
    await converge([writer.doc, reader.doc]);
    assert.equal(writer.acknowledged, stuck, 'something was acknowledged on a full disk');
    const late = await freshClient(url());
    assert.equal(late.doc.getArray('list').length, done.count, 'a newcomer gets the live document');
    late.close();
    await until(async () => (await ready(server)) === 503, '/readyz says that storing does not work', 10000);
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);

    await free();
    await writer.saved(40000);
    assert.equal(writer.acknowledged, done.count);
    assert.equal(writer.connections, openings, 'the writer was never disconnected');
    await until(async () => (await ready(server)) === 200, '/readyz is green again', 10000);

    writer.pause();
    reader.pause();
    await server.kill();
    server = await restart();
    const newcomer = await freshClient(url());
    assert.deepEqual(newcomer.doc.getArray('list').toArray(), Array.from({ length: done.count }, (_, i) => i + 1));
    newcomer.close();
  } finally {
    writer.close();
    reader.close();
    await server.kill();
  }
}

test('a limit on file sizes, lifted later', { timeout: 120000 }, async () => {
  const folder = temporaryFolder();
  const data = join(folder, 'symphony.db');
  // Without the signal SIGXFSZ, writing past the limit fails with EFBIG.
  const server = await startServer({ data, wrap: ['/bin/sh', '-c', 'trap "" XFSZ; exec "$@"', 'sh'] });
  const limit = (value) => execFileSync('prlimit', ['--pid', String(server.pid), `--fsize=${value}:`]);
  await scenario({
    server,
    fill: () => limit(Math.max(statSync(data).size, statSync(`${data}-wal`).size) + 100_000),
    free: () => limit('unlimited'),
    restart: () => startServer({ data }),
  });
});

// Only a mount makes a disk small. A user who may not mount has the test above, which meets the same code.
test('a file system of 6 MB', { timeout: 120000, skip: kMountable ? false : 'needs root, to mount a file system' }, async () => {
  const disk = new SmallDisk(6 << 20);
  try {
    const data = join(disk.folder, 'symphony.db');
    await scenario({
      server: await startServer({ data }),
      fill: () => disk.fill(),
      free: () => disk.free(),
      restart: () => startServer({ data }),
    });
  } finally {
    disk.close();
  }
});
