// `symphony export` and `symphony import`: rooms move between stores, and come from folders of anybody's Yjs updates.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as Y from 'yjs';
import { Client, freshClient } from '../lib/client.mjs';
import { command } from '../lib/command.mjs';
import { startServer, temporaryFolder } from '../lib/server.mjs';

const rooms = ['plain', 'notes/monday', 'Zürich 🎻', 'x'.repeat(255)];

// A Yjs update, as any program may have stored it.
function typed(text) {
  const doc = new Y.Doc();
  doc.getText('t').insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}

// Serves a store for as long as `use` takes; its file.
async function serving(data, use) {
  const server = await startServer({ data });
  try {
    await use(server);
    await server.stop();
  } finally {
    await server.kill();
  }
  return server.data;
}

// A store in which every one of `rooms` has its own name as its text.
const storeWithRooms = () => serving(undefined, async (server) => {
  for (const room of rooms) {
    const client = new Client({ url: () => server.room(room, 'acks=1') });
    await client.synced();
    client.doc.getText('t').insert(0, room);
    await client.saved();
    client.close();
  }
});

async function textsIn(data, names) {
  const texts = {};
  await serving(data, async (server) => {
    for (const name of names) {
      const client = await freshClient(server.room(name));
      texts[name] = client.doc.getText('t').toString();
      client.close();
    }
  });
  return texts;
}

test('every room goes to a folder that Yjs reads, and from there into another store', async () => {
  const data = await storeWithRooms();
  const folder = join(temporaryFolder(), 'backup');
  const exported = await command('export', '--data', data, '--to', folder);
  assert.equal(exported.code, 0, exported.stderr);
  assert.match(exported.stderr, /exported 4 rooms/);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, readFileSync(join(folder, 'notes%2Fmonday.yjs')));
  assert.equal(doc.getText('t').toString(), 'notes/monday');

  const other = join(temporaryFolder(), 'other.db');
  for (let time = 0; time < 2; time++) {  // twice is once
    const imported = await command('import', '--from', folder, '--data', other);
    assert.equal(imported.code, 0, imported.stderr);
    assert.match(imported.stderr, /imported 4 rooms/);
  }
  assert.deepEqual(await textsIn(other, rooms), Object.fromEntries(rooms.map((room) => [room, room])));
});

test('one room goes from store to store, and what is there is merged', async () => {
  const data = await storeWithRooms();
  const other = join(temporaryFolder(), 'other.db');
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'plain.yjs'), typed(', and more'));
  assert.equal((await command('import', '--from', folder, '--data', other)).code, 0);
  const done = await command('export', '--data', data, '--to', other, '--room', 'plain');
  assert.equal(done.code, 0, done.stderr);
  const texts = await textsIn(other, ['plain', 'notes/monday']);
  assert.equal(texts['notes/monday'], '');
  assert.equal(texts.plain.length, 'plain, and more'.length, texts.plain);
});

test("a folder of another server's updates: v1, v2, one file or many", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'draft'));
  writeFileSync(join(folder, 'draft', '0001.yjs'), typed('one'));
  writeFileSync(join(folder, 'draft', '0002.yjs2'), Y.convertUpdateFormatV1ToV2(typed('two')));
  writeFileSync(join(folder, 'draft', 'README'), 'not an update');
  writeFileSync(join(folder, 'plan.yjs2'), Y.convertUpdateFormatV1ToV2(typed('plan')));
  const other = join(temporaryFolder(), 'other.db');
  const done = await command('import', '--from', folder, '--data', other);
  assert.equal(done.code, 0, done.stderr);
  const texts = await textsIn(other, ['draft', 'plan']);
  assert.ok(['onetwo', 'twoone'].includes(texts.draft), texts.draft);
  assert.equal(texts.plan, 'plan');
});

test('what cannot be carried is named, and the rest is carried', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'bad.yjs'), Buffer.from([9, 9, 9]));
  writeFileSync(join(folder, 'good.yjs'), typed('good'));
  const other = join(temporaryFolder(), 'other.db');
  const done = await command('import', '--from', folder, '--data', other);
  assert.equal(done.code, 1);
  assert.match(done.stderr, /not carried: room "bad": .*bad\.yjs: /);
  assert.match(done.stderr, /imported 1 rooms/);
  assert.deepEqual(await textsIn(other, ['good', 'bad']), { good: 'good', bad: '' });

  const missing = await command('export', '--data', other, '--to', temporaryFolder(), '--room', 'nobody');
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /room "nobody": there is no such room/);
  const nowhere = await command('import', '--from', join(folder, 'nowhere'), '--data', other);
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.stderr, /cannot read the folder/);
});

test('a store that a server holds is not touched', () => serving(undefined, async (server) => {
  const folder = temporaryFolder();
  const done = await command('export', '--data', server.data, '--to', join(folder, 'out'));
  assert.equal(done.code, 1);
  assert.match(done.stderr, /another process/);
  assert.ok(!existsSync(join(folder, 'out')));
}));

test('an export of nothing is no error, and a forgotten option is said in one line', async () => {
  const data = join(temporaryFolder(), 'new.db');
  const folder = join(temporaryFolder(), 'empty');
  const missing = await command('export', '--data', data, '--to', folder);
  assert.equal(missing.code, 1, 'a wrong name is not an empty store');
  assert.match(missing.stderr, /there is no store/);
  assert.ok(!existsSync(data));
  const bucket = await command('export', '--data', data, '--to', 's3://bucket/rooms');
  assert.equal(bucket.code, 1);
  assert.equal((await command('migrate', '--data', data)).code, 0);
  const done = await command('export', '--data', data, '--to', folder);
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(readdirSync(folder), []);
  const forgotten = await command('export');
  assert.equal(forgotten.code, 1);
  assert.match(forgotten.stderr, /--to/);
});
