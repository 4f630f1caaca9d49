// Every object store in front of real services, each a child process with a folder and ports of its own:
//
//   SeaweedFS           S3 with conditional writes
//   rclone serve s3     S3 that passes over `If-None-Match`
//   fake-gcs-server     Google Cloud Storage's JSON API
//
// The tests themselves are object_servers_test.cpp; $SYMPHONY_OBJECT_TEST names another build of it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../lib/server.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const program = process.env.SYMPHONY_OBJECT_TEST ?? join(root, 'build/release/tests/storage/object_servers_test');
const tools = join(root, 'build/tools/servers/bin');
const credentials = { AWS_ACCESS_KEY_ID: 'testkey', AWS_SECRET_ACCESS_KEY: 'testsecret' };

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

async function freePorts(count) {
  const servers = await Promise.all(Array.from({ length: count }, () => new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
  })));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

// A child process with its output kept; HOME is its own folder, so that it finds nobody's settings.
function start(file, args, { env = {}, home }) {
  const child = spawn(file, args, {
    env: { PATH: process.env.PATH, HOME: home, ...env }, cwd: home, stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => { child.output = (child.output + chunk).slice(-16384); });
  }
  child.ended = new Promise((resolve) => {
    child.once('error', (error) => { child.output += error.message; resolve(-1); });
    child.once('exit', (code, signal) => { running.delete(child); resolve(code ?? signal); });
  });
  return child;
}

async function runTests(service, bucket, port, env) {
  const tests = start(program, ['--gtest_color=no', ...(process.env.SYMPHONY_TEST_LOG ? [] : ['--gtest_brief=1'])], {
    home: service.home, env: { ...process.env, ...env, SYMPHONY_TEST_BUCKET: bucket, SYMPHONY_TEST_PORT: String(port) },
  });
  const code = await tests.ended;
  if (process.env.SYMPHONY_TEST_LOG) process.stderr.write(tests.output);
  const alive = service.exitCode === null && service.signalCode === null;
  service.kill('SIGKILL');
  await service.ended;
  assert.equal(code, 0, `${tests.output}\n--- the service's log:\n${service.output}`);
  assert.ok(alive, `the service ended by itself:\n${service.output}`);
}

test('the services are installed', () => {
  for (const file of ['weed', 'rclone', 'fake-gcs-server']) {
    assert.ok(existsSync(join(tools, file)), `${file} is missing: ensure_storage_servers of tools/setup.sh installs it`);
  }
});

test('SeaweedFS: S3 with conditional writes', async () => {
  const home = temporaryFolder('symphony-seaweedfs');
  const [master, masterRpc, volume, volumeRpc, filer, filerRpc, s3, s3Rpc] = await freePorts(8);
  const identity = {
    name: 'test', actions: ['Admin', 'Read', 'Write', 'List'],
    credentials: [{ accessKey: credentials.AWS_ACCESS_KEY_ID, secretKey: credentials.AWS_SECRET_ACCESS_KEY }],
  };
  writeFileSync(join(home, 's3.json'), JSON.stringify({ identities: [identity] }));
  mkdirSync(join(home, 'data'));
  const service = start(join(tools, 'weed'), ['server', '-dir=data', '-ip=127.0.0.1', '-ip.bind=127.0.0.1',
    `-master.port=${master}`, `-master.port.grpc=${masterRpc}`, '-master.telemetry=false', '-master.volumeSizeLimitMB=256',
    `-volume.port=${volume}`, `-volume.port.grpc=${volumeRpc}`, '-volume.max=8', `-filer.port=${filer}`, `-filer.port.grpc=${filerRpc}`,
    '-s3', `-s3.port=${s3}`, `-s3.port.grpc=${s3Rpc}`, '-s3.port.iceberg=0', '-s3.port.lance=0', '-s3.config=s3.json'], { home });
  service.home = home;
  await runTests(service, 's3://bucket', s3, { ...credentials, SYMPHONY_TEST_RACES: '1' });
});

test('rclone: S3 that passes over If-None-Match', async () => {
  const home = temporaryFolder('symphony-rclone');
  mkdirSync(join(home, 'data/bucket'), { recursive: true });
  const [port] = await freePorts(1);
  const service = start(join(tools, 'rclone'), ['serve', 's3', '--addr', `127.0.0.1:${port}`,
    '--auth-key', Object.values(credentials).join(','), 'data'], { home });
  service.home = home;
  await runTests(service, 's3://bucket', port, credentials);
});

test('fake-gcs-server: Google Cloud Storage', async () => {
  const home = temporaryFolder('symphony-gcs');
  mkdirSync(join(home, 'data/bucket'), { recursive: true });
  const [port] = await freePorts(1);
  const service = start(join(tools, 'fake-gcs-server'), ['-scheme', 'http', '-host', '127.0.0.1', '-port', String(port),
    '-backend', 'memory', '-data', 'data', '-log-level', 'error'], { home });
  service.home = home;
  await runTests(service, 'gs://bucket', port, { SYMPHONY_TEST_RACES: '1' });
});
