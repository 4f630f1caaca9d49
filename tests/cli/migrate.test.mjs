// `symphony migrate` on a real Postgres, and rooms that move between a file, a database and a folder.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import * as Y from 'yjs';
import { freshClient } from '../lib/client.mjs';
import { command } from '../lib/command.mjs';
import { Postgres } from '../lib/postgres.mjs';
import { startServer, temporaryFolder } from '../lib/server.mjs';

let postgres;
before(async () => { postgres = await Postgres.start(); });
after(async () => { await postgres?.stop(); });

let databases = 0;
async function freshDatabase() {
  const name = `test_${++databases}`;
  await postgres.sql(`CREATE DATABASE ${name}`);
  return { name, url: postgres.url({ database: name }) };
}

test('a server refuses a database without a schema, and says what to run', async () => {
  const { url } = await freshDatabase();
  const done = await command('serve', '--listen', '127.0.0.1:0', '--data', url);
  assert.equal(done.code, 1);
  assert.match(done.stderr, /symphony migrate/);
});

test('twice is once, and four at a time do it together', async () => {
  const { url } = await freshDatabase();
  const all = await Promise.all([1, 2, 3, 4].map(() => command('migrate', '--data', url)));
  for (const done of all) assert.equal(done.code, 0, done.stderr);
  assert.equal(all.filter(({ stdout }) => / now$/m.test(stdout)).length, 1, all.map(({ stdout }) => stdout).join(''));
  const again = await command('migrate', '--data', url);
  assert.equal(again.code, 0);
  assert.match(again.stdout, /already/);
});

test('a newer schema is refused and not touched', async () => {
  const { name, url } = await freshDatabase();
  assert.equal((await command('migrate', '--data', url)).code, 0);
  await postgres.sql('INSERT INTO symphony.schema_version (version) VALUES (1000)', name);
  const done = await command('migrate', '--data', url);
  assert.equal(done.code, 1);
  assert.match(done.stderr, /newer/);
  const [{ versions }] = await postgres.rows('SELECT count(*)::int AS versions FROM symphony.schema_version', name);
  assert.equal(Number(versions), 2);
});

test('a file is migrated, too, and a database that cannot be reached is said in one line', async () => {
  const file = join(temporaryFolder(), 'rooms.db');
  assert.match((await command('migrate', '--data', file)).stdout, /schema 3 now/);
  assert.match((await command('migrate', '--data', file)).stdout, /schema 3 already/);
  const lost = await command('migrate', '--data', 'postgres://nobody:secret@127.0.0.1:1/none');
  assert.equal(lost.code, 1);
  assert.equal(lost.stderr.trim().split('\n').length, 1, lost.stderr);
  assert.ok(!lost.stderr.includes('secret'), lost.stderr);
});

test('rooms go from a file to Postgres with objects, and from there to a folder', async () => {
  const folder = temporaryFolder();
  const doc = new Y.Doc();
  doc.getText('t').insert(0, 'small');
  writeFileSync(join(folder, 'small.yjs'), Y.encodeStateAsUpdate(doc));
  doc.getText('t').insert(0, Array.from({ length: 30000 }, (_, i) => i.toString(36)).join(' '));
  writeFileSync(join(folder, 'large.yjs'), Y.encodeStateAsUpdate(doc));
  const file = join(temporaryFolder(), 'rooms.db');
  assert.equal((await command('import', '--from', folder, '--data', file)).code, 0);

  const { url } = await freshDatabase();
  const objects = temporaryFolder();
  assert.equal((await command('migrate', '--data', url)).code, 0);
  const moved = await command('export', '--data', file, '--to', url, '--to-snapshots', `file://${objects}`);
  assert.equal(moved.code, 0, moved.stderr);
  assert.ok(readdirSync(objects).length > 0, 'the large snapshot is an object');

  const server = await startServer({ data: url, args: ['--snapshots', `file://${objects}`] });
  try {
    const client = await freshClient(server.room('large'));
    assert.equal(client.doc.getText('t').toString(), doc.getText('t').toString());
    const held = await command('import', '--from', folder, '--data', url, '--snapshots', `file://${objects}`);
    assert.equal(held.code, 1, 'a room in use is not touched');
    assert.match(held.stderr, /not carried: room "large": .*holds the room/);
    client.close();
    await server.stop();
  } finally {
    await server.kill();
  }
  const out = temporaryFolder();
  assert.equal((await command('export', '--data', url, '--snapshots', `file://${objects}`, '--to', out)).code, 0);
  assert.deepEqual(readdirSync(out).sort(), ['large.yjs', 'small.yjs']);
});

test('TLS: a database that does not prove who it is is refused', async () => {
  const keys = temporaryFolder();
  const openssl = (...args) => execFileSync('openssl', args, { cwd: keys, stdio: 'ignore' });
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', 'server.key', '-out', 'server.crt');
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=other', '-keyout', 'other.key', '-out', 'other.crt');
  const owner = statSync(postgres.folder);
  for (const name of ['server.key', 'server.crt']) chownSync(join(keys, name), owner.uid, owner.gid);
  chmodSync(keys, 0o755);
  chmodSync(join(keys, 'server.key'), 0o600);
  const secure = await Postgres.start({
    settings: { ssl: 'on', ssl_cert_file: join(keys, 'server.crt'), ssl_key_file: join(keys, 'server.key') },
  });
  try {
    await secure.sql('CREATE DATABASE secure');
    const url = secure.url({ database: 'secure' });
    const rooted = (file) => `${url}${url.includes('?') ? '&' : '?'}sslmode=verify-full&sslrootcert=${join(keys, file)}`;
    const refused = await command('migrate', '--data', rooted('other.crt'));
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /certificate/);
    const done = await command('migrate', '--data', rooted('server.crt'));
    assert.equal(done.code, 0, done.stderr);
  } finally {
    await secure.stop();
  }
});
