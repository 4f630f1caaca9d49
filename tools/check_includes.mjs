// Fails on an #include that the map in ARCHITECTURE.md does not draw: who may include whom, which library is allowed where.
//
//   node tools/check_includes.mjs
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

// Each folder of src/ with the folders it may include besides itself and the public headers.
const allowed = {
  base: [],
  crdt: ['base'],
  c: ['base', 'crdt'],
  protocol: ['base'],
  storage: ['base'],
  room: ['base', 'crdt', 'protocol', 'storage'],
  transfer: ['base', 'crdt', 'storage', 'room'],
  io: ['base'],
  server: ['base', 'crdt', 'protocol', 'storage', 'room', 'io'],
  cli: ['base', 'crdt', 'protocol', 'storage', 'room', 'transfer', 'io', 'server'],
};
// Each wing of src/crdt with the wings it may include besides itself. Other folders need not know them.
const wings = {
  wire: [],
  store: ['wire'],
  integrate: ['wire', 'store'],
  doc: ['wire', 'store', 'integrate'],
  edit: ['wire', 'store', 'integrate', 'doc'],
  awareness: ['wire'],
};
const core = new Set(['base', 'crdt', 'c', 'protocol', 'room']);
const adapters = ['storage/memory', 'storage/sqlite', 'storage/postgres', 'storage/blob'];
// Headers that the core must not see: clocks, threads, files, sockets, randomness, libraries that do such things.
const outside = /^(boost\/|openssl\/|sqlite3|libpq|spdlog\/|CLI\/|prometheus\/|fstream|filesystem|thread|mutex|random|sys\/|unistd|fcntl|netinet\/|arpa\/)/;
// What one file of the core may include all the same.
const excused = { 'base/huge_pages.cpp': 'sys/mman.h' };

function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else if (/\.(h|cpp)$/.test(entry.name)) yield path;
  }
}

const faults = [];
let checked = 0;
for (const path of files(join(root, 'src'))) {
  const inside = relative(join(root, 'src'), path).split(sep);
  const folder = inside[0];
  if (folder === 'crdt' && !(inside[1] in wings)) {
    faults.push(`${relative(root, path)}: stands in no wing of src/crdt that this check knows`);
    continue;
  }
  const test = /_(test|fuzz|bench|testing)\.(cpp|h)$/.test(path);
  readFileSync(path, 'utf8').split('\n').forEach((line, i) => {
    const match = /^\s*#\s*include\s+([<"])([^>"]+)[>"]/.exec(line);
    if (!match) return;
    checked++;
    const fault = (why) => faults.push(`${relative(root, path)}:${i + 1}: ${match[2]}: ${why}`);
    const [, quote, target] = match;
    const [other, otherWing] = target.split('/');
    if (quote === '"' && other !== 'symphony') {
      if (!(folder in allowed)) fault(`src/${folder} is not in the map of this check`);
      else if (other !== folder && !allowed[folder].includes(other)) fault(`${folder} may not include ${other}`);
      if (other === 'crdt' && !(otherWing in wings)) fault(`src/crdt/${otherWing} is not a wing in this check`);
      else if (other === 'crdt' && folder === 'crdt' && otherWing !== inside[1] && !wings[inside[1]].includes(otherWing)) {
        fault(`the wing crdt/${inside[1]} may not include crdt/${otherWing}`);
      }
      if (!test && folder !== 'storage' && folder !== 'cli' && adapters.some((a) => target.startsWith(`${a}/`))) {
        fault('only the command line chooses a storage adapter; everyone else knows storage/store.h');
      }
    } else if (core.has(folder) && !test && outside.test(target) && excused[inside.join('/')] !== target) {
      fault('the core opens nothing, reads no clock and starts no thread');
    } else if (/^(curl|boost\/json)/.test(target) && !path.includes(join('storage', 'blob'))) {
      fault('libcurl and Boost.JSON stay in storage/blob');
    } else if (/^boost\/(asio|beast)/.test(target) && !test && !['io', 'server'].includes(folder)) {
      fault('Asio and Beast stay in io and server');
    }
  });
}
for (const fault of faults) console.error(fault);
console.log(`${checked} includes checked, ${faults.length} against the map`);
process.exit(faults.length > 0 ? 1 : 0);
