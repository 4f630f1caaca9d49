// How long one operation takes and how much memory it needs, the same way in every engine's process (measure.h has it in
// C++, yrs/src/measure.rs in Rust).
//
// Time is CPU time of the whole process, so that a collector's or a compiler's threads count. The first run is reported by
// itself (`first_ms`: cold caches, code not compiled yet) with the highest resident memory it needed above what was
// resident before (`peak_bytes`). Then samples are taken for `budget` milliseconds, each of so many runs that the clock's
// grain does not matter; `median_ms` is their median for one run. For an operation longer than the budget it is the first
// run.
import { readFileSync, writeFileSync } from 'node:fs';

const sampleMs = 5;
const samplesMax = 50;
const holdMs = 4000;

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

// A line of /proc/self/status, in bytes.
const status = (name) =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];

// operation: { prepare() -> context, not timed; run(context) -> bytes it made, if any; done(context); reuse: one context
// serves all runs; most: how many contexts may be held at once }.
export function measure({ prepare = () => {}, run, done = () => {}, reuse = false, most = 1000 }, budget) {
  const first = prepare();
  global.gc();
  try {
    writeFileSync('/proc/self/clear_refs', '5');  // the highest resident memory so far is forgotten
  } catch {
    // Not allowed here: the peak then includes that of reading the fixture.
  }
  const resident = status('VmRSS');
  let start = cpu();
  const output = run(first);
  const firstMs = cpu() - start;
  const peak = Math.max(0, status('VmHWM') - resident);
  if (!reuse) done(first);

  const samples = [];
  const runs = Math.max(1, Math.min(Math.ceil(sampleMs / Math.max(firstMs / 4, 0.005)), reuse ? 1000 : most));
  const begin = cpu();
  while (firstMs < budget && samples.length < samplesMax && cpu() - begin < budget) {
    const contexts = Array.from({ length: runs }, () => (reuse ? first : prepare()));
    start = cpu();
    for (const context of contexts) run(context);
    samples.push((cpu() - start) / runs);
    if (!reuse) contexts.forEach(done);
  }
  return {
    median_ms: samples.length > 0 ? median(samples) : firstMs, first_ms: firstMs, samples: samples.length, peak_bytes: peak,
    output_bytes: output?.length,
  };
}

// Memory that a document takes when `count` of them are held (fewer when loading them takes longer than a few seconds):
// as the engine's allocator counts it, and as the process shows it.
export function hold(load, count, engineBytes) {
  load();  // what is made once per process does not count
  global.gc();
  global.gc();
  const before = { held: engineBytes(), resident: status('VmRSS') };
  const documents = [];
  const end = cpu() + holdMs;
  while (documents.length < count && (documents.length === 0 || cpu() < end)) documents.push(load());
  global.gc();
  global.gc();
  return {
    documents: documents.length, held_bytes: (engineBytes() - before.held) / documents.length,
    rss_bytes: (status('VmRSS') - before.resident) / documents.length,
  };
}
