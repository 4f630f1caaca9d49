// The tables: absolute figures, and in brackets the part of what npm yjs takes in the same run.
import { isMemory, operations, peers, targets } from './plan.mjs';

export function showTime(ms) {
  if (ms >= 1000) return `${(ms / 1000).toPrecision(3)} s`;
  if (ms >= 0.1) return `${ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3)} ms`;
  return `${(ms * 1000).toPrecision(ms >= 0.001 ? 3 : 2)} µs`;
}

export function showBytes(bytes) {
  if (bytes >= 1e6) return `${(bytes / 1e6).toPrecision(3)} MB`;
  if (bytes >= 1000) return `${(bytes / 1000).toPrecision(3)} kB`;
  return `${Math.max(0, bytes).toFixed(0)} B`;
}

const showRatio = (ratio) => (ratio >= 100 ? ratio.toFixed(0) : ratio.toPrecision(2));

// The figure of a cell in milliseconds or bytes; undefined when it was not run.
export function figure(cell, operation) {
  return isMemory(operation) ? cell?.held_bytes : cell?.median_ms;
}

function cellText(row, peer, value, show) {
  const own = value(row.cells[peer]);
  if (own === undefined) return '–';
  const yjs = value(row.cells.yjs);
  return peer === 'yjs' || !(yjs > 0) ? show(own) : `${show(own)} (${showRatio(own / yjs)})`;
}

// Rows of text cells with equal widths; markdown when `bars`.
function lines(rows, bars) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const pad = (text, column) => (column < 2 ? text.padEnd(widths[column]) : text.padStart(widths[column]));
  const joined = rows.map((row) => (bars ? `| ${row.map(pad).join(' | ')} |` : row.map(pad).join('  ')));
  const rule = (width, column) => '-'.repeat(width + 1) + (column < 2 ? '-' : ':');
  if (bars) joined.splice(1, 0, `|${widths.map(rule).join('|')}|`);
  return joined.join('\n');
}

function table(results, value, show, bars) {
  const names = peers.map(({ name }) => name).filter((name) => results.some((row) => value(row.cells[name]) !== undefined));
  let last = '';
  const body = results.filter((row) => names.some((name) => value(row.cells[name]) !== undefined)).map((row) => {
    const workload = row.workload === last ? '' : row.workload;
    last = row.workload;
    return [workload, row.operation, ...names.map((name) => cellText(row, name, value, show))];
  });
  return lines([['work', 'operation', ...names], ...body], bars);
}

// In smaller runs the figure is what V8 had spare; and a JavaScript process that edits has just made the script of edits,
// which leaves it much to spare.
const tellsPeak = ({ operation, cells }) => operation !== 'edit' && cells.yjs?.peak_bytes >= 1e6;

// Whether the targets were met: [{ workload, operation, target, found, met }].
export function judge(results) {
  return targets.flatMap(({ workload, operation, most, ofYjs }) => {
    const row = results.find((result) => result.workload === workload && result.operation === operation);
    const show = isMemory(operation) ? showBytes : showTime;
    const target = `${show(most)}${ofYjs ? `, 1/${Math.round(1 / ofYjs)} of yjs-cjs` : ''}`;
    const own = figure(row?.cells.symphony, operation);
    const cjs = figure(row?.cells['yjs-cjs'], operation);
    if (own === undefined || (ofYjs && cjs === undefined)) {
      return [{ workload, operation, target, found: own === undefined ? '–' : show(own), met: 'not run' }];
    }
    const met = own <= most && (!ofYjs || own <= cjs * ofYjs);
    const part = (name) => `1/${(figure(row.cells[name], operation) / own).toFixed(0)} of ${name}`;
    const found = `${show(own)}${ofYjs ? `, ${part('yjs-cjs')}, ${part('yjs')}` : ''}`;
    return [{ workload, operation, target, found, met: met ? 'met' : 'missed' }];
  });
}

// Rows in which another engine is ahead of this one.
function behind(results) {
  return results.flatMap(({ workload, operation, cells }) => {
    const own = figure(cells.symphony, operation);
    if (own === undefined) return [];
    const ahead = peers.map(({ name }) => name).filter((name) => !['symphony', 'floor'].includes(name))
      .filter((name) => figure(cells[name], operation) < own);
    return ahead.length > 0 ? [`${workload} ${operation}: ${ahead.join(', ')}`] : [];
  });
}

function reasons(results) {
  const why = new Map();
  for (const { workload, operation, cells } of results) {
    for (const [peer, { skip }] of Object.entries(cells)) {
      if (!skip || peer === 'floor') continue;
      const key = `${peer}: ${skip}`;
      if (!why.has(key)) why.set(key, new Map());
      const work = why.get(key);
      work.set(operation, [...(work.get(operation) ?? []), workload]);
    }
  }
  return [...why].map(([key, work]) => {
    const where = [...work].map(([operation, workloads]) =>
      `${operation} (${workloads.length > 4 ? `${workloads.length} workloads` : workloads.join(', ')})`);
    return `${key}: ${where.join('; ')}`;
  });
}

// The whole report as text for a terminal, or as markdown.
export function report({ small, machine, versions, titles, results, notes }, bars) {
  const times = results.filter(({ operation }) => !isMemory(operation));
  const holding = results.filter(({ operation }) => isMemory(operation));
  const heading = (text) => (bars ? `## ${text}` : `\n== ${text}`);
  const parts = [
    heading('Engines, CPU time of one run (in brackets: the part of what yjs takes)'),
    table(times, (cell) => cell?.median_ms, showTime, bars),
    heading('Memory that one document takes, by the engine\'s allocator'),
    table(holding, (cell) => cell?.held_bytes, showBytes, bars),
    heading('Peak resident memory of the first run, above what was there before (where yjs takes a megabyte)'),
    table(times.filter(tellsPeak), (cell) => cell?.peak_bytes, showBytes, bars),
  ];
  if (!small) {
    parts.push(heading('Targets'), lines([['work', 'operation', 'target', 'found', ''], ...judge(results).map((row) =>
      [row.workload, row.operation, row.target, row.found, row.met])], bars));
  }
  const ahead = behind(results);
  const list = (items) => items.map((item) => `- ${item}`).join('\n');
  parts.push(heading('Where another engine is ahead'), ahead.length > 0 ? list(ahead) : 'Nowhere.');
  const skipped = reasons(results);
  if (skipped.length > 0) parts.push(heading('Not run'), list(skipped));
  parts.push(heading('Work'), list(Object.entries(titles).map(([name, title]) => `${name}: ${title}`)));
  parts.push(heading('Operations'), list(Object.entries(operations).map(([name, title]) => `${name}: ${title}`)));
  parts.push(heading('Circumstances'), list([...notes,
    ...Object.entries(machine).map(([name, value]) => `${name}: ${value}`),
    `versions: ${Object.entries(versions).map(([name, value]) => `${name} ${value}`).join(', ')}`]));
  return `${parts.join(bars ? '\n\n' : '\n')}\n`;
}
