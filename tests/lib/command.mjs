// `symphony COMMAND ...` as a child process that is expected to end by itself.
//
//   const { code, stdout, stderr } = await command('export', '--data', file, '--to', folder);
import { spawn } from 'node:child_process';
import { serverBinary } from './server.mjs';

const kTimeoutMs = 60000;

export function command(...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(serverBinary(), args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: kTimeoutMs });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => { stdout += chunk; });
    child.stderr.on('data', (chunk) => { stderr += chunk; });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
