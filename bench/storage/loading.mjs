// How long a large room takes from storage to its first client, and what memory that takes.
//
// Half of the document is in its snapshot, half in a log of many entries, as after a crash.
import { readFileSync } from 'node:fs';
import * as Y from 'yjs';
import { sleep } from '../../tests/lib/arguments.mjs';
import { metrics, sum } from '../../tests/lib/metrics.mjs';
import { median } from './numbers.mjs';
import { updateMessage, Writer } from './writers.mjs';

const kNever = ['--snapshot-updates', '100000000', '--snapshot-bytes', '1000000000000'];
const kAtOnce = ['--snapshot-updates', '1', '--grace', '10ms', '--snapshot-rate', '0'];
const kLease = ['--lease', '1s'];
const kLeaseOver = 1200;  // after a server was killed, its rooms are free
const kPieceBytes = 4 << 20;

// Text that does not compress well, the same each time.
function words(bytes, salt) {
  let state = salt * 2654435761 >>> 0;
  const out = Buffer.alloc(bytes);
  for (let i = 0; i < bytes; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    out[i] = 97 + (state >>> 24) % 26;
  }
  return out.toString('latin1');
}

// The messages that make the document: first those of the snapshot, then those of the log.
function messagesOf(bytes, entries) {
  const doc = new Y.Doc();
  let messages = [];
  doc.on('update', (update) => messages.push(updateMessage(update)));
  const text = doc.getText('t');
  const half = Math.floor(bytes / 2);
  for (let at = 0; at < half; at += kPieceBytes) text.insert(at, words(Math.min(kPieceBytes, half - at), at + 1));
  const snapshot = messages;
  messages = [];
  const piece = Math.max(1, Math.floor(half / entries));
  for (let i = 0; i < entries; i++) text.insert(i % 3 === 0 ? 0 : text.length, words(piece, i));
  return { snapshot, log: messages };
}

async function store(backend, room, messages, args, settled) {
  const server = await backend.start([...args, ...kLease]);
  try {
    const writer = await Writer.open(server.room(room, 'acks=1'), messages);
    while (writer.left > 0) {
      writer.send();
      if (writer.sent - writer.durable > 64) await new Promise((resolve) => { writer.on_durable = resolve; });
    }
    for (const deadline = Date.now() + 120000; writer.durable < writer.sent; await sleep(10)) {
      if (Date.now() > deadline) throw new Error('the document was not stored');
    }
    writer.close();
    for (const deadline = Date.now() + 120000; !(await settled(server)); await sleep(50)) {
      if (Date.now() > deadline) throw new Error('no snapshot was made');
    }
  } finally {
    await server.kill();
    await sleep(kLeaseOver);
  }
}

const isClosed = async (server) => {
  const page = await metrics(server);
  return sum(page, 'symphony_rooms') === 0 && sum(page, 'symphony_store_snapshots_total') > 0;
};

async function join(backend, room) {
  const server = await backend.start([...kNever, ...kLease, '--loops', '1', '--log-level', 'error']);
  try {
    const status = () => readFileSync(`/proc/${server.pid}/status`, 'utf8');
    const resting = Number(/VmRSS:\s+(\d+)/.exec(status())[1]) * 1024;
    const begin = performance.now();
    let state_bytes = 0;
    const client = new Writer(server.room(room), []);
    await new Promise((resolve, reject) => {
      client.on_synced = (data) => { state_bytes = data.length; resolve(); };
      client.socket.once('close', (code, reason) => reject(new Error(`closed with ${code} ${reason}`)));
    });
    const ms = performance.now() - begin;
    client.close();
    return { ms, state_bytes, peak_bytes: Number(/VmHWM:\s+(\d+)/.exec(status())[1]) * 1024 - resting };
  } finally {
    await server.kill();
    await sleep(kLeaseOver);
  }
}

export async function loading(backend, bytes, entries, { repeat }) {
  const room = 'document';
  const { snapshot, log } = messagesOf(bytes, entries);
  await store(backend, room, snapshot, kAtOnce, isClosed);
  await store(backend, room, log, kNever, () => true);
  const runs = [];
  const floors = [];
  for (let i = 0; i < repeat; i++) {
    runs.push(await join(backend, room));
    floors.push(backend.readFloor());
  }
  if (runs.some(({ state_bytes }) => state_bytes < bytes * 0.9)) throw new Error(`only ${runs[0].state_bytes} bytes were loaded`);
  return {
    bytes, entries, ms: median(runs.map(({ ms }) => ms)), peak_bytes: median(runs.map(({ peak_bytes }) => peak_bytes)),
    state_bytes: runs[0].state_bytes, floor: { ms: median(floors.map(({ ms }) => ms)) },
  };
}
