// SIGTERM in the middle of editing: the clients are told to come back later, everything a peer has seen is stored,
// and the process ends by itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '../interop/lib/prng.mjs';
import { seedSetting, setting, sleep } from '../lib/arguments.mjs';
import { converge, freshClient } from '../lib/client.mjs';
import { startServer } from '../lib/server.mjs';
import { Editor } from './editor.mjs';

const rounds = setting('rounds', 5);
const seed = seedSetting();

test(`SIGTERM while editing, ${rounds} rounds, seed ${seed}`, { timeout: rounds * 30000 }, async (t) => {
  t.diagnostic(`seed ${seed}: node tests/durability/drain.test.mjs --rounds ${rounds} --seed ${seed}`);
  const random = new Prng(seed);
  let server = await startServer();
  const kRooms = 8;
  const room = (i) => server.room(`room ${i}`, 'acks=1');
  const editors = [];
  for (let i = 0; i < 2 * kRooms; i++) {
    editors.push(new Editor({ name: `e${i}`, url: () => room(i >> 1), random }));
  }
  const pairs = Array.from({ length: kRooms }, (_, i) => editors.slice(2 * i, 2 * i + 2));
  try {
    for (let round = 0; round < rounds; round++) {
      await Promise.all(editors.map(({ client }) => client.synced()));
      let stopping = null;
      const end = Date.now() + 300;
      while (Date.now() < end || stopping === null) {
        for (let i = random.below(20); i >= 0; i--) random.pick(editors).edit();
        if (!stopping && Date.now() > end - 150) {
          for (const { client } of editors) client.reconnect = 0;
          stopping = server.stop();
        }
        await sleep(random.below(5));
      }
      await stopping;  // throws if the exit was not clean
      await Promise.all(editors.map(({ client }) => client.closed()));
      for (const { client } of editors) {
        const { code, reason } = client.closes.at(-1);
        assert.ok(code >= 1000 && code !== 1006 && !(code >= 4400 && code < 4500), `closed with ${code} '${reason}'`);
      }

      server = await startServer({ data: server.data });
      for (const [i, pair] of pairs.entries()) {
        const newcomer = await freshClient(room(i));
        for (const [which, editor] of pair.entries()) {
          editor.noteAcknowledged();
          editor.check(newcomer.doc, editor.acknowledged, `round ${round}, room ${i}`);
          // What the server had shown to the other peer, it had taken.
          editor.check(newcomer.doc, seenOf(editor, pair[1 - which].client.doc), `round ${round}, room ${i}, seen`);
        }
        newcomer.close();
      }
      for (const { client } of editors) {
        client.reconnect = 30;
        client.resume();
      }
      await Promise.all(editors.map(({ client }) => client.saved()));
      for (const pair of pairs) await converge(pair.map(({ client }) => client.doc));
    }
  } finally {
    for (const editor of editors) editor.close();
    await server.kill();
  }
});

// How far another document has followed this editor.
function seenOf(editor, doc) {
  const queue = doc.getArray(`queue ${editor.name}`).toArray();
  const structs = doc.store.clients.get(editor.client.doc.clientID) ?? [];
  const last = structs.at(-1);
  return {
    pushed: queue.length > 0 ? queue.at(-1) + 1 : 0,
    dropped: queue.length > 0 ? queue[0] : 0,
    version: doc.getMap('versions').get(editor.name) ?? 0,
    clock: last ? last.id.clock + last.length : 0,
  };
}

test('a server without clients ends at once', async () => {
  const server = await startServer();
  const begin = Date.now();
  await server.stop();
  assert.ok(Date.now() - begin < 3000, `it took ${Date.now() - begin} ms`);
});
