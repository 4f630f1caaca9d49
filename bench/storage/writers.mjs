// People who type and hear what is durable: one a room, each sending the same recorded Yjs updates, so that what the
// clients cost is small.
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import WebSocket from 'ws';
import * as Y from 'yjs';
import { sleep } from '../../tests/lib/arguments.mjs';

const kSync = 0;
const kDurable = 80;

// A message that brings an update.
export function updateMessage(update) {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, kSync);
  encoding.writeVarUint(encoder, 2);
  encoding.writeVarUint8Array(encoder, update);
  return encoding.toUint8Array(encoder);
}

// Each keystroke of somebody typing, as a message.
export function typing(count) {
  const doc = new Y.Doc();
  const messages = [];
  doc.on('update', (update) => messages.push(updateMessage(update)));
  const text = doc.getText('t');
  for (let i = 0; i < count; i++) text.insert(i, String.fromCharCode(97 + i % 26));
  return messages;
}

export class Writer {
  sent = 0;
  durable = 0;
  sent_at = [];
  took = [];            // milliseconds from sending to hearing that it is durable
  on_durable = () => {};

  // Resolves when the room has said what it holds.
  static open(url, messages) {
    const writer = new Writer(url, messages);
    return new Promise((resolve, reject) => {
      writer.on_synced = () => resolve(writer);
      writer.socket.once('error', reject);
      writer.socket.once('close', (code, reason) => reject(new Error(`closed with ${code} ${reason}`)));
    });
  }

  constructor(url, messages) {
    this.messages = messages;
    this.socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 1 << 30 });
    this.socket.on('open', () => this.socket.send(Uint8Array.of(kSync, 0, 1, 0)));  // sync step 1 of an empty document
    this.socket.on('message', (data) => this.onMessage(data));
  }

  onMessage(data) {
    if (data[0] === kSync && data[1] === 1) this.on_synced(data);
    if (data[0] !== kDurable) return;
    const durable = decoding.readVarUint(decoding.createDecoder(data.subarray(1)));
    const now = performance.now();
    for (; this.durable < durable; this.durable++) this.took.push(now - this.sent_at[this.durable]);
    this.on_durable();
  }

  get left() { return this.messages.length - this.sent; }

  send() {
    this.sent_at.push(performance.now());
    this.socket.send(this.messages[this.sent++]);
  }

  close() { this.socket.terminate(); }
}

async function allDurable(writers, within_ms = 60000) {
  for (const deadline = performance.now() + within_ms; writers.some(({ sent, durable }) => durable < sent); await sleep(5)) {
    if (performance.now() > deadline) throw new Error('not everything was acknowledged');
  }
}

// So many updates a second over all writers, in turns.
export async function paced(writers, per_second, seconds) {
  const begin = performance.now();
  let due = 0;
  for (let sent = 0; performance.now() < begin + seconds * 1000; await sleep(1)) {
    due = (performance.now() - begin) / 1000 * per_second;
    for (; sent < due; sent++) writers[sent % writers.length].send();
  }
  await allDurable(writers);
  return writers.flatMap(({ took }) => took);
}

// Each writer keeps `window` updates in flight. Answers acknowledged updates a second.
export async function flatOut(writers, window, seconds) {
  let over = false;
  for (const writer of writers) {
    const fill = () => { while (!over && writer.sent - writer.durable < window && writer.left > 0) writer.send(); };
    writer.on_durable = fill;
    fill();
  }
  const durable = () => writers.reduce((sum, writer) => sum + writer.durable, 0);
  await sleep(seconds * 250);  // in its stride
  const [begin, before] = [performance.now(), durable()];
  await sleep(seconds * 1000);
  const per_s = (durable() - before) / (performance.now() - begin) * 1000;
  over = true;
  await allDurable(writers);
  return per_s;
}
