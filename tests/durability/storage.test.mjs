// What is stored, seen from outside: waiting updates, large ones, damaged files, and two servers on one file.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import * as Y from 'yjs';
import { Client, freshClient } from '../lib/client.mjs';
import { RawSocket, frame } from '../lib/raw_socket.mjs';
import { startServer } from '../lib/server.mjs';
import { bytes, updateMessage } from '../hostile/corpus.mjs';

const kDurable = 80;

// Sends updates as they are and waits until all of them are durable.
async function sendUpdates(server, room, updates) {
  const socket = await RawSocket.connect(server, room, 'acks=1');
  for (const update of updates) socket.write(frame({ payload: updateMessage(update) }));
  const last = bytes(kDurable, updates.length);
  await socket.until(() => socket.messages.some(({ payload }) => payload.equals(last)), 'the updates are durable');
  socket.destroy();
}

async function restarted(server, args = []) {
  await server.kill();
  return startServer({ data: server.data, args });
}

// Yjs keeps what arrives before what it builds on. Acknowledged is acknowledged: it must survive a crash, and the
// snapshot that replaces the log, as well.
for (const args of [[], ['--snapshot-updates', '2'], ['--snapshot-updates', '2', '--grace', '10ms']]) {
  test(`updates that wait for others survive (${args.join(' ') || 'log only'})`, { timeout: 60000 }, async (t) => {
    const doc = new Y.Doc();
    const updates = [];
    doc.on('update', (update) => updates.push(update));
    for (let i = 0; i < 12; i++) doc.getText('t').insert(i, String.fromCharCode(97 + i));
    doc.getText('t').delete(5, 2);
    const [first, ...rest] = updates;

    let server = await startServer({ args });
    t.after(() => server.kill());
    await sendUpdates(server, 'waiting', rest);
    const empty = await freshClient(server.room('waiting'));
    assert.equal(empty.doc.getText('t').toString(), '');
    empty.close();
    server = await restarted(server, args);
    await sendUpdates(server, 'waiting', [first]);
    server = await restarted(server, args);
    const newcomer = await freshClient(server.room('waiting'));
    assert.equal(newcomer.doc.getText('t').toString(), 'abcdehijkl');
    newcomer.close();
  });
}

test('a paste of 30 MB is there after kill -9, and after its snapshot', { timeout: 120000 }, async (t) => {
  let server = await startServer();
  t.after(() => server.kill());
  const paste = Array.from({ length: 3 << 20 }, (_, i) => String(i * 7919 % 1e9).padStart(9, '0')).join(' ');
  const writer = new Client({ url: () => server.room('large', 'acks=1'), reconnect: 0 });
  await writer.synced();
  writer.doc.getText('t').insert(0, paste);
  await writer.saved(60000);
  writer.close();
  for (let round = 0; round < 2; round++) {
    server = await restarted(server, ['--grace', '10ms']);
    const newcomer = await freshClient(server.room('large'));
    assert.ok(newcomer.doc.getText('t').toString() === paste, `round ${round}`);
    newcomer.close();
  }
  await server.stop();
  server = await startServer({ data: server.data });
  const newcomer = await freshClient(server.room('large'));
  assert.ok(newcomer.doc.getText('t').toString() === paste, 'after a clean stop');
  newcomer.close();
});

// One bit of one update: that room is not opened, never overwritten, and says so; all others go on.
test('a damaged room is refused, not blanked', { timeout: 60000 }, async (t) => {
  let server = await startServer();
  t.after(() => server.kill());
  for (const room of ['healthy', 'damaged']) {
    const writer = new Client({ url: () => server.room(room, 'acks=1'), reconnect: 0 });
    await writer.synced();
    writer.doc.getText('t').insert(0, `the text of ${room}`);
    await writer.saved();
    writer.close();
  }
  await server.stop();
  const file = readFileSync(server.data);
  let damaged = 0;
  for (let at = 0; (at = file.indexOf('the text of damaged', at)) >= 0; at += 1) {
    file[at + 4] ^= 0x20;  // 'text' becomes 'Text': still a fine update
    damaged += 1;
  }
  assert.ok(damaged > 0, 'the text is in the file');
  writeFileSync(server.data, file);

  server = await startServer({ data: server.data });
  const healthy = await freshClient(server.room('healthy'));
  assert.equal(healthy.doc.getText('t').toString(), 'the text of healthy');
  // The client is kept waiting or told to come back; it is never given an empty document to write into.
  const visitor = new Client({ url: () => server.room('damaged', 'acks=1') });
  visitor.doc.getText('t').insert(0, 'default text');
  const seen_states = [];
  visitor.doc.on('update', (update, origin) => { if (origin === visitor) seen_states.push(update); });
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal(visitor.isSynced, false, 'a damaged room was synced');
  assert.equal(visitor.durable, 0);
  assert.deepEqual(seen_states, []);
  for (const { code } of visitor.closes) assert.ok(code < 4400 || code > 4499, `closed with ${code}`);
  assert.match(server.log, /damaged/, 'the log names the room');
  visitor.close();
  healthy.doc.getText('t').insert(0, 'still ');
  healthy.close();
  await server.stop();

  // The operator repairs the file: everything is as it was.
  const again = readFileSync(server.data);
  for (let at = 0; (at = again.indexOf('the Text of damaged', at)) >= 0; at += 1) again[at + 4] ^= 0x20;
  writeFileSync(server.data, again);
  server = await startServer({ data: server.data });
  const repaired = await freshClient(server.room('damaged'));
  assert.equal(repaired.doc.getText('t').toString(), 'the text of damaged');
  repaired.close();
});

test('a second server on the same file is refused in one line', { timeout: 60000 }, async (t) => {
  const first = await startServer();
  t.after(() => first.kill());
  await assert.rejects(startServer({ data: first.data }), (error) => {
    assert.match(error.message, /another process holds the file/);
    assert.match(error.message, /ended before it was ready \(1\)/);
    return true;
  });
  const client = await freshClient(first.room('unharmed', 'acks=1'));
  client.doc.getText('t').insert(0, 'x');
  await client.saved();
  client.close();
});
