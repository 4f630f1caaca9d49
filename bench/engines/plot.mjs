// Small panels side by side, drawn as SVG: time for one of n against n. Both axes double from mark to mark and show as many
// doublings, so that quadratic cost climbs like the diagonal.

const columns = 4;
const panel = { width: 250, height: 190, left: 52, right: 12, top: 46, bottom: 30 };
const octaves = 8;  // both axes show so many doublings

const escape = (text) => text.replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign]);
const short = (value) => (value >= 10 ? value.toFixed(0) : value.toPrecision(2));
const nanoseconds = (ns) =>
  (ns >= 1e6 ? `${short(ns / 1e6)} ms` : ns >= 1000 ? `${short(ns / 1000)} µs` : `${short(ns)} ns`);
const thousands = (n) => (n >= 1024 ? `${n / 1024}k` : `${n}`);

const line = (points, style) =>
  `<polyline points="${points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ')}" ${style}/>`;
const label = (x, y, text, style) => `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${style}>${escape(text)}</text>`;

// How a shape's line and its panel look: fine, worth a look, growing too fast.
const colors = { fine: ['#1f6feb', '#f7f9fc'], look: ['#b7791f', '#fdf8ec'], steep: ['#c0392b', '#fdf1ef'] };

function drawPanel({ key, what, points, grows, mark, refusedAt }) {
  const inner = { width: panel.width - panel.left - panel.right, height: panel.height - panel.top - panel.bottom };
  const step = inner.height / octaves;
  const each = points.map(({ n, ms }) => ({ n, ns: (ms * 1e6) / n }));
  const first = each[0];
  // A line that climbs goes up to the panel's upper edge; a flat one stays below it.
  const logs = each.map(({ ns }) => Math.log2(ns));
  const low = Math.min(Math.floor(Math.min(...logs)) - 1, Math.ceil(Math.max(...logs)) - octaves + 1);
  const span = Math.max(octaves, Math.ceil(Math.max(...logs)) - low + 1);
  const x = (n) => panel.left + (Math.log2(n / first.n) / (octaves - 1)) * inner.width;
  const y = (ns) => panel.top + inner.height - ((Math.log2(ns) - low) * octaves * step) / span;
  const [color, background] = colors[mark];
  const parts = [
    `<rect x="${panel.left}" y="${panel.top}" width="${inner.width}" height="${inner.height}" fill="${background}" `
      + 'stroke="#d0d7de"/>',
    label(panel.left, 16, key, 'class="name"'),
    label(panel.width - panel.right - 6, panel.height - panel.bottom - 8, `n^${grows.toFixed(2)}`,
      `class="name" text-anchor="end" style="fill: ${color}"`),
    ...wrapped(what).map((text, i) => label(panel.left, 29 + 11 * i, text, 'class="what"')),
  ];
  for (let octave = Math.ceil(span / 4); octave < span; octave += Math.ceil(span / 4)) {
    const at = y(2 ** (low + octave));
    parts.push(line([[panel.left, at], [panel.width - panel.right, at]], 'class="grid"'));
    parts.push(label(panel.left - 4, at + 3, nanoseconds(2 ** (low + octave)), 'class="tick" text-anchor="end"'));
  }
  for (let octave = 0; octave < octaves; octave += 2) {
    const n = first.n * 2 ** octave;
    parts.push(label(x(n), panel.height - panel.bottom + 13, thousands(n), 'class="tick" text-anchor="middle"'));
  }
  const expected = each.map(({ n }) => [x(n), y((first.ns * Math.log2(n)) / Math.log2(first.n))]);
  parts.push(line(expected, 'class="expected"'));
  parts.push(line(each.map(({ n, ns }) => [x(n), y(ns)]), `fill="none" stroke="${color}" stroke-width="2"`));
  for (const { n, ns } of each) {
    parts.push(`<circle cx="${x(n).toFixed(1)}" cy="${y(ns).toFixed(1)}" r="2.5" fill="${color}"/>`);
  }
  if (refusedAt) {
    const style = `class="title" style="fill: ${color}" text-anchor="middle"`;
    parts.push(label(x(refusedAt), y(each.at(-1).ns) + 5, '\u00d7', style));
  }
  return parts.join('\n');
}

// A sentence in at most two lines.
function wrapped(text) {
  const most = 43;
  if (text.length <= most) return [text];
  const cut = text.lastIndexOf(' ', most);
  return [text.slice(0, cut), text.slice(cut + 1)];
}

// rows: [{ key, what, points: [{ n, ms }], grows, mark: a key of colors, refusedAt: a size, if any }] in the order of the
// panels.
export function plot(rows, title) {
  const lines = Math.ceil(rows.length / columns);
  const width = columns * panel.width + 20;
  const height = lines * panel.height + 50;
  const panels = rows.map((row, i) => {
    const [x, y] = [10 + (i % columns) * panel.width, 40 + Math.floor(i / columns) * panel.height];
    return `<g transform="translate(${x},${y})">\n${drawPanel(row)}\n</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<style>
text { font-family: "DejaVu Sans", sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: bold }
.name { font-size: 11px; font-weight: bold }
.what { font-size: 8.5px; fill: #57606a }
.tick { font-size: 8.5px; fill: #57606a }
.grid { stroke: #d8dee4; stroke-width: 0.7 }
.expected { fill: none; stroke: #8c959f; stroke-width: 1; stroke-dasharray: 4 3 }
</style>
<rect width="${width}" height="${height}" fill="white"/>
${label(16, 26, title, 'class="title"')}
${panels.join('\n')}
</svg>
`;
}
