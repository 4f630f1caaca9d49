// How long an edit takes to be durable, how many are a second, and what that writes to disk.
import { metrics, sum } from '../../tests/lib/metrics.mjs';
import { middle, quantile } from './numbers.mjs';
import { flatOut, paced, typing, Writer } from './writers.mjs';

const kWindow = 16;         // updates in flight a room, flat out
const kMessages = 60000;    // of one room, at most
const kArgs = ['--loops', '1', '--messages-per-second-max', '0', '--log-level', 'error'];

// Somebody types; many rooms type less each.
const pace = (rooms) => Math.max(20, Math.min(rooms * 2, 1000));

async function withWriters(backend, rooms, messages, use) {
  const server = await backend.start(kArgs);
  const writers = [];
  try {
    const run = Math.random().toString(36).slice(2, 8);
    for (let i = 0; i < rooms; i += 50) {
      const some = Array.from({ length: Math.min(50, rooms - i) }, (_unused, j) => Writer.open(server.room(`${run} ${i + j}`, 'acks=1'), messages));
      writers.push(...await Promise.all(some));
    }
    return await use(server, writers);
  } finally {
    for (const writer of writers) writer.close();
    await server.kill();
  }
}

async function once(backend, rooms, seconds, messages) {
  const latency = await withWriters(backend, rooms, messages, async (_server, writers) => paced(writers, pace(rooms), seconds));
  const flat_out = await withWriters(backend, rooms, messages, async (server, writers) => {
    const state = async () => ({ page: await metrics(server), written: await backend.written(server) });
    const before = await state();
    const updates_per_s = await flatOut(writers, kWindow, seconds);
    const after = await state();
    const grown = (name) => sum(after.page, name) - sum(before.page, name);
    const appends = grown('symphony_store_appends_total');
    const bytes = grown('symphony_store_append_bytes_total');
    return {
      updates_per_s, update_bytes: bytes / appends, updates_per_commit: appends / grown('symphony_store_commits_total'),
      written_per_byte: (after.written - before.written) / bytes,
    };
  });
  const per_second = Math.min(100, pace(rooms));  // more would be a queue before the disk
  const floor_latency = await backend.floor({ bytes: flat_out.update_bytes, batch: 1, seconds: Math.max(1, seconds / 2), per_second });
  const floor_flat_out = await backend.floor({
    bytes: flat_out.update_bytes, batch: Math.max(1, Math.round(flat_out.updates_per_commit)), seconds: Math.max(1, seconds / 2),
  });
  return {
    rooms, pace: pace(rooms), p50_ms: quantile(latency, 0.5), p99_ms: quantile(latency, 0.99), ...flat_out,
    floor: { p50_ms: floor_latency.p50_ms, p99_ms: floor_latency.p99_ms, updates_per_s: floor_flat_out.updates_per_s },
  };
}

// The run with the median p50, and the throughput of the run with the median throughput.
export async function acknowledging(backend, rooms, { seconds, repeat }) {
  const messages = typing(Math.min(kMessages, Math.ceil(kMessages * 4 / rooms) + 200));
  const runs = [];
  for (let i = 0; i < repeat; i++) runs.push(await once(backend, rooms, seconds, messages));
  const latency = middle(runs, ({ p50_ms }) => p50_ms);
  const flat_out = middle(runs, ({ updates_per_s }) => updates_per_s);
  return {
    ...flat_out, p50_ms: latency.p50_ms, p99_ms: latency.p99_ms,
    floor: { ...latency.floor, updates_per_s: flat_out.floor.updates_per_s }, runs,
  };
}
