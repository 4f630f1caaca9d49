// The load generator, bench/storage/writers.cpp, as a program of the build beside the server's.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

function generator() {
  const candidates = ['release', 'dev'].map((preset) => join(root, 'build', preset, 'bench', 'storage', 'writers'));
  const found = candidates.find(existsSync);
  if (!found) throw new Error(`no load generator: build the target writers (${candidates.join(' or ')})`);
  return found;
}

// Runs people in `rooms` rooms of a server, with the generator's other options by name; what it says, and who was the
// bottleneck if it was the generator.
export async function write(server, options) {
  const args = Object.entries({ port: server.port, pid: server.pid, ...options }).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const { stdout } = await promisify(execFile)(generator(), args);
  const said = JSON.parse(stdout);
  if (said.generator_cpu_part > 0.95) console.warn(`the generator was the bottleneck: ${said.generator_cpu_part} of a core`);
  return said;
}
