// How long an edit takes to be durable, how many are a second, and what that costs: bytes on disk, time of the server's
// processor.
import { sleep } from '../../tests/lib/arguments.mjs';
import { metrics, sum } from '../../tests/lib/metrics.mjs';
import { write } from './generator.mjs';
import { median, middle } from './numbers.mjs';

const kWindow = 16;  // updates in flight a room, flat out
const kArgs = ['--loops', '1', '--messages-per-second-max', '0', '--log-level', 'error'];

// Somebody types; many rooms type less each.
const pace = (rooms) => Math.max(20, Math.min(rooms * 2, 1000));

// Until what the rooms did before is done in the background, too.
async function atRest(server) {
  for (const deadline = Date.now() + 30000; Date.now() < deadline; await sleep(100)) {
    const page = await metrics(server);
    if (sum(page, 'symphony_store_queue') === 0 && sum(page, 'symphony_unstored_updates') === 0) return sleep(500);
  }
  throw new Error('the server does not come to rest');
}

// Flat out first: afterwards the store's files have their size, as they have most of the time.
async function once(backend, rooms, seconds) {
  const server = await backend.start(kArgs);
  try {
    const state = async () => ({ page: await metrics(server), written: await backend.written(server) });
    const before = await state();
    const { updates_per_s } = await write(server, { room: 'flat-out', rooms, window: kWindow, seconds });
    const after = await state();
    const grown = (name) => sum(after.page, name) - sum(before.page, name);
    const appends = grown('symphony_store_appends_total');
    const bytes = grown('symphony_store_append_bytes_total');
    await atRest(server);
    const paced = await write(server, { room: 'paced', rooms, pace: pace(rooms), seconds: seconds * 2 });
    return {
      rooms, pace: pace(rooms), p50_ms: paced.p50_ms, p99_ms: paced.p99_ms, cpu_part: paced.server_cpu_part,
      updates_per_s, update_bytes: bytes / appends, updates_per_commit: appends / grown('symphony_store_commits_total'),
      written_per_byte: (after.written - before.written) / bytes,
    };
  } finally {
    await server.kill();
  }
}

// The run with the median p50, and the throughput of the run with the median throughput.
export async function acknowledging(backend, rooms, { seconds, repeat }) {
  const runs = [];
  for (let i = 0; i < repeat; i++) runs.push(await once(backend, rooms, seconds));
  const latency = middle(runs, ({ p50_ms }) => p50_ms);
  const flat_out = middle(runs, ({ updates_per_s }) => updates_per_s);
  return { ...flat_out, p50_ms: latency.p50_ms, p99_ms: latency.p99_ms, cpu_part: median(runs.map(({ cpu_part }) => cpu_part)), runs };
}

// The least that storing those bytes can cost here.
export async function floorOf(backend, { pace: wanted, update_bytes, updates_per_commit }, { seconds }) {
  const per_second = Math.min(100, wanted);  // more would be a queue before the disk
  const one = await backend.floor({ bytes: update_bytes, batch: 1, seconds: Math.max(1, seconds / 2), per_second });
  const many = await backend.floor({ bytes: update_bytes, batch: Math.max(1, Math.round(updates_per_commit)), seconds: Math.max(1, seconds / 2) });
  return { p50_ms: one.p50_ms, p99_ms: one.p99_ms, updates_per_s: many.updates_per_s };
}
