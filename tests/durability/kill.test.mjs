// Nothing acknowledged is lost: edit, kill -9 the server at a random moment, restart, compare, again and again.
//
//   node tests/durability/kill.test.mjs [--rounds 50] [--seed n]
//
// What counts as acknowledged is what the client was told. After each restart a newcomer looks first, before any
// client that could bring something back; then the clients reconnect, send what the server lost, and go on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '../interop/lib/prng.mjs';
import { seedSetting, setting, sleep } from '../lib/arguments.mjs';
import { converge, freshClient } from '../lib/client.mjs';
import { startServer } from '../lib/server.mjs';
import { Editor } from './editor.mjs';

const rounds = setting('rounds', 50);
const seed = seedSetting();
const kRooms = ['plain', 'with/slash and space', 'ünïcode'];
const kEditorsPerRoom = 2;

class Rooms {
  constructor(random, url) {
    this.editors = new Map(kRooms.map((room) => [room, []]));
    for (const [room, editors] of this.editors) {
      for (let i = 0; i < kEditorsPerRoom; i++) {
        editors.push(new Editor({ name: `${room[0]}${i}`, url: () => url(room), random }));
      }
    }
  }

  get all() { return [...this.editors.values()].flat(); }

  async check(url, exact, where) {
    await Promise.all([...this.editors].map(async ([room, editors]) => {
      const newcomer = await freshClient(url(room));
      for (const editor of editors) {
        editor.noteAcknowledged();
        editor.check(newcomer.doc, exact ? editor.done : editor.acknowledged, `${where}, room ${room}`);
      }
      newcomer.close();
    }));
  }

  async settle() {
    await Promise.all(this.all.map(({ client }) => client.saved()));
    await Promise.all([...this.editors.values()].map((editors) => converge(editors.map(({ client }) => client.doc))));
  }
}

test(`kill -9, ${rounds} rounds, seed ${seed}`, { timeout: rounds * 20000 + 60000 }, async (t) => {
  t.diagnostic(`seed ${seed}: node tests/durability/kill.test.mjs --rounds ${rounds} --seed ${seed}`);
  const random = new Prng(seed);
  // Snapshots seldom or all the time; rooms that stay, and rooms that close as soon as they are left.
  const start = (data) => startServer({
    data,
    args: ['--snapshot-updates', random.pick(['3', '40', '500']), '--grace', random.pick(['10ms', '30s'])],
  });
  let server = await start();
  const url = (room) => server.room(room, 'acks=1');
  const rooms = new Rooms(random, url);
  const killed = { editing: 0, syncing: 0, acknowledged: 0, unacknowledged: 0 };
  try {
    for (let round = 0; round < rounds; round++) {
      // Most rounds edit for a while; some are killed while the clients still connect and send what was lost.
      const early = random.chance(0.15);
      if (!early) await Promise.all(rooms.all.map(({ client }) => client.synced()));
      killed[early ? 'syncing' : 'editing'] += 1;
      const end = Date.now() + (early ? random.below(30) : 20 + random.below(180));
      while (Date.now() < end) {
        const editor = random.pick(rooms.all);
        for (let burst = random.below(random.chance(0.1) ? 30 : 3); burst >= 0; burst--) editor.edit();
        if (random.chance(0.01)) editor.client.connection?.terminate();  // a client that loses its connection
        await sleep(random.below(4));
      }
      await server.kill();
      await Promise.all(rooms.all.map(({ client }) => { client.pause(); return client.closed(); }));
      for (const editor of rooms.all) {
        editor.noteAcknowledged();
        killed.acknowledged += editor.acknowledged.pushed;
        killed.unacknowledged += editor.done.pushed - editor.acknowledged.pushed;
      }

      server = await start(server.data);
      await rooms.check(url, false, `round ${round}`);
      for (const { client } of rooms.all) client.resume();
      if (round % 10 === 9 || round === rounds - 1) {
        await rooms.settle();
        await rooms.check(url, true, `round ${round}, settled`);
      }
    }
    t.diagnostic(`killed while editing ${killed.editing}, while syncing ${killed.syncing}; ` +
      `unacknowledged at the kill ${killed.unacknowledged} pushes over all rounds`);
    // A run in which nothing was ever in flight, or nothing ever acknowledged, would prove nothing.
    const acknowledged = rooms.all.reduce((sum, editor) => sum + editor.acknowledged.pushed, 0);
    assert.ok(acknowledged > rounds * 5, `only ${acknowledged} pushes were acknowledged`);
    assert.ok(killed.unacknowledged > 0, 'no kill ever met an unacknowledged edit');

    // The same once more without violence: SIGTERM, restart, nothing missing.
    for (const { client } of rooms.all) client.pause();
    await server.stop();
    server = await startServer({ data: server.data });
    await rooms.check(url, true, 'after a clean stop');
  } finally {
    for (const editor of rooms.all) editor.close();
    await server.kill();
  }
});
