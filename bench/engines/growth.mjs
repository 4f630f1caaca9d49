// How the engine's cost grows with the size of what it is given.
//
//   node bench/engines/growth.mjs [--small] [--build FOLDER] [--out BASE]
//
// runs engines_growth (growth.cpp has the shapes: documents, updates, clients, insertions at one position, nesting, pending
// updates), fits an exponent to each shape's larger half of sizes, and prints a table. Unless --small, it also writes
// bench/results/growth-<date>.md and .svg (or BASE.md and BASE.svg).
//
// How to read it. The picture has a panel for each shape: time for one of n, against n, both doubling. A flat line is linear
// cost; n log n rises a little (the dashed line); a line that climbs like the panel's diagonal is quadratic. An exponent
// above 1.6 is too steep ("!"). One above 1.3 is worth a look ("?"): memory that no longer fits the caches looks like that,
// too. Where the work is metered, the line ends with the size that the engine refuses (an "x" in the picture).
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { plot } from './plot.mjs';
import { showTime } from './report.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const { values: args } = parseArgs({
  options: {
    small: { type: 'boolean', default: false },
    build: { type: 'string', default: join(root, 'build', 'release') },
    out: { type: 'string' },
  },
});

// The exponent e of time = c * n^e, by least squares on the logarithms of the larger half of the sizes.
function exponent(points) {
  const used = points.slice(Math.floor((points.length - 1) / 2)).map(({ n, ms }) => [Math.log(n), Math.log(ms)]);
  const mean = (column) => used.reduce((sum, row) => sum + row[column], 0) / used.length;
  const [x, y] = [mean(0), mean(1)];
  const covariance = used.reduce((sum, row) => sum + (row[0] - x) * (row[1] - y), 0);
  return covariance / used.reduce((sum, row) => sum + (row[0] - x) ** 2, 0);
}

const most = args.small ? ['--most', '4096'] : [];
const output = execFileSync(join(args.build, 'bench', 'engines_growth'), most, { encoding: 'utf8', maxBuffer: 1 << 24 });
const shapes = new Map();
for (const line of output.trim().split('\n')) {
  const { axis, name, what, n, ms, refused } = JSON.parse(line);
  const key = `${axis}: ${name}`;
  if (!shapes.has(key)) shapes.set(key, { key, what, points: [] });
  if (refused) Object.assign(shapes.get(key), { refused, refusedAt: n });
  else shapes.get(key).points.push({ n, ms });
}
const rows = [...shapes.values()].map((shape) => {
  const grows = exponent(shape.points);
  return { ...shape, grows, mark: grows > 1.6 ? 'steep' : grows > 1.3 ? 'look' : 'fine', last: shape.points.at(-1) };
});

const width = Math.max(...rows.map(({ key }) => key.length));
const signs = { fine: ' ', look: '?', steep: '!' };
const bound = ({ refused, refusedAt }) => (refused ? `; refused at ${refusedAt}: ${refused}` : '');
for (const row of rows) {
  const grows = `n^${row.grows.toFixed(2)} ${signs[row.mark]}`;
  console.log(`${row.key.padEnd(width)}  ${grows}  ${showTime(row.last.ms).padStart(8)} at ${row.last.n}${bound(row)}`);
}
console.log(`${rows.filter(({ mark }) => mark === 'steep').length} of ${rows.length} shapes grow much faster than n log n`);

if (!args.small) {
  const date = new Date().toISOString();
  const base = args.out ?? join(root, 'bench', 'results', `growth-${date.slice(0, 10)}`);
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  const circumstances = `${date.slice(0, 10)}, commit ${commit}, ${os.cpus()[0].model}`;
  const sizes = (points) => points.map(({ n, ms }) => `${n}: ${showTime(ms)}`).join(', ');
  writeFileSync(`${base}.svg`, plot(rows, `Time for one of n, against n (${circumstances})`));
  writeFileSync(`${base}.md`, `# How cost grows

Made by \`bench/engines/growth.mjs\`, whose head says how to read it: ${circumstances}.

![the same as a picture](${basename(base)}.svg)

| shape | what | grows as | time for n |
|---|---|---|---|
${rows.map((row) =>
    `| ${row.key} | ${row.what} | n^${row.grows.toFixed(2)} ${signs[row.mark]} | `
    + `${sizes(row.points)}${bound(row)} |`).join('\n')}
`);
  console.log(`written: ${base}.svg and .md`);
}
