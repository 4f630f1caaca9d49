// How long many rooms take that all close at once: each is compacted, and the last snapshot is durable.
import { sleep } from '../../tests/lib/arguments.mjs';
import { metrics, sum } from '../../tests/lib/metrics.mjs';
import { write } from './generator.mjs';
import { median } from './numbers.mjs';

const kGrace = 1000;
const kArgs = ['--grace', `${kGrace}ms`, '--messages-per-second-max', '0', '--log-level', 'error'];
const kWindow = 16;

async function once(backend, rooms, items) {
  const server = await backend.start(kArgs);
  try {
    await write(server, { rooms, items, window: kWindow });
    const left = performance.now();  // when the generator ended, and with it all connections
    const before = sum(await metrics(server), 'symphony_store_snapshot_bytes_total');
    for (;; await sleep(20)) {
      const page = await metrics(server);
      if (sum(page, 'symphony_rooms') === 0) return { ms: performance.now() - left - kGrace, state_bytes: sum(page, 'symphony_store_snapshot_bytes_total') - before };
      if (performance.now() - left > 120000) throw new Error('the rooms do not close');
    }
  } finally {
    await server.kill();
  }
}

export async function closing(backend, rooms, items, { repeat }) {
  const runs = [];
  for (let i = 0; i < repeat; i++) runs.push(await once(backend, rooms, items));
  return { rooms, items, ms: median(runs.map(({ ms }) => ms)), state_bytes: median(runs.map(({ state_bytes }) => state_bytes)), runs };
}
