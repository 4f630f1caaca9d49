// A real S3 service, SeaweedFS, as a child process with a folder and ports of its own; ended by pid.
//
//   const s3 = await S3Server.start();
//   s3.url({ port, prefix: 'a' })     // s3://bucket/a?endpoint=...; `port` is a proxy's, if not its own
//   s3.credentials                    // variables for who uses it
//   await s3.stop();
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sleep } from './arguments.mjs';
import { freePort, temporaryFolder } from './server.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const program = join(root, 'build', 'tools', 'servers', 'bin', 'weed');
const running = new Set();
process.prependListener('exit', () => { for (const child of running) child.kill('SIGKILL'); });

export class S3Server {
  log = '';
  credentials = { AWS_ACCESS_KEY_ID: 'testkey', AWS_SECRET_ACCESS_KEY: 'testsecret' };

  static async start() {
    if (!existsSync(program)) throw new Error('SeaweedFS is missing: ensure_storage_servers of tools/setup.sh installs it');
    const server = new S3Server();
    await server.start();
    return server;
  }

  async start() {
    const home = temporaryFolder('symphony-seaweedfs');
    mkdirSync(join(home, 'data'));
    const { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey } = this.credentials;
    const identity = { name: 'test', actions: ['Admin', 'Read', 'Write', 'List'], credentials: [{ accessKey, secretKey }] };
    writeFileSync(join(home, 's3.json'), JSON.stringify({ identities: [identity] }));
    const parts = ['master', 'volume', 'filer', 's3'];
    const ports = [];
    for (const part of parts) ports.push(`-${part}.port=${await freePort()}`, `-${part}.port.grpc=${await freePort()}`);
    this.port = Number(ports.find((one) => one.startsWith('-s3.port=')).split('=')[1]);
    const child = spawn(program, ['server', '-dir=data', '-ip=127.0.0.1', '-ip.bind=127.0.0.1', ...ports, '-master.telemetry=false',
      '-master.volumeSizeLimitMB=256', '-volume.max=8', '-s3', '-s3.port.iceberg=0', '-s3.port.lance=0', '-s3.config=s3.json'], {
      env: { PATH: process.env.PATH, HOME: home }, cwd: home, stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { this.log = (this.log + chunk).slice(-16384); });
    this.exited = new Promise((resolve) => child.once('exit', () => { running.delete(child); resolve(); }));
    for (const deadline = Date.now() + 60000; !(await this.answers());) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`SeaweedFS does not answer:\n${this.log}`);
      await sleep(200);
    }
  }

  async answers() {
    try {
      return (await fetch(`http://127.0.0.1:${this.port}/healthz`, { signal: AbortSignal.timeout(2000) })).ok;
    } catch {
      return false;
    }
  }

  url({ port = this.port, prefix = '' } = {}) { return `s3://bucket/${prefix}?endpoint=http://127.0.0.1:${port}&region=us-east-1`; }

  async stop() {
    this.child.kill('SIGKILL');
    await this.exited;
  }
}
