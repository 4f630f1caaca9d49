// A client that sends recorded updates and hears what is durable.
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import WebSocket from 'ws';

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

export class Writer {
  sent = 0;
  durable = 0;
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
    this.durable = decoding.readVarUint(decoding.createDecoder(data.subarray(1)));
    this.on_durable();
  }

  get left() { return this.messages.length - this.sent; }

  send() { this.socket.send(this.messages[this.sent++]); }

  close() { this.socket.terminate(); }
}
