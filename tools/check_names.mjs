// Fails when two headers define a type of one name in one namespace: the linker would take either for both, and say nothing.
//
//   node tools/check_names.mjs
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

function* headers(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* headers(path);
    else if (entry.name.endsWith('.h')) yield path;
  }
}

const homes = new Map();  // "namespace::Name" -> the files that define it
for (const folder of ['include', 'src', 'tests']) {
  for (const path of headers(join(root, folder))) {
    let namespace = '';
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      namespace = /^namespace ([\w:]+) \{/.exec(line)?.[1] ?? namespace;
      const name = /^(?:struct|class|enum class) (\w+)(?: final)?(?: :[^;]*)? \{/.exec(line)?.[1];
      if (!name) continue;
      const key = `${namespace}::${name}`;
      homes.set(key, [...(homes.get(key) ?? []), relative(root, path)]);
    }
  }
}
const faults = [...homes].filter(([, files]) => new Set(files).size > 1);
for (const [name, files] of faults) console.error(`${name} is defined in ${[...new Set(files)].join(' and in ')}: rename one`);
console.log(`${homes.size} types`);
if (faults.length > 0) process.exit(1);
