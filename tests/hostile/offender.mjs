// Sends what must be refused, and judges the refusal.
import assert from 'node:assert/strict';
import { RawSocket, frame } from '../lib/raw_socket.mjs';

const kSyncStep1 = Buffer.from([0, 0, 1, 0]);
const isSyncStep2 = ({ payload }) => payload[0] === 0 && payload[1] === 1;

// Whether a close frame tells the client what it did wrong, in a way that it will not simply try again.
export function assertTold(close, what, codes) {
  assert.ok(close, `${what}: the connection ended without a close frame`);
  assert.ok(close.reason.length > 10, `${what}: closed with ${close.code} and no reason ('${close.reason}')`);
  const fits = codes ? codes.includes(close.code) : close.code >= 4400 && close.code < 4500;
  assert.ok(fits, `${what}: closed with ${close.code} '${close.reason}'`);
}

// Connects, sends raw bytes, and expects to be told why and closed.
export async function expectRefusal({ server, room, what, bytes, codes, log }) {
  const socket = await RawSocket.connect(server, room);
  socket.write(bytes);
  let close;
  try {
    close = await socket.ended();
  } catch (error) {
    throw new Error(`${what}: ${error.message}`);
  } finally {
    socket.destroy();
  }
  assertTold(close, what, codes);
  log?.(`${what}: ${close.code} ${close.reason}`);
}

// One connection after the other, each used until it is closed for something.
export class Offender {
  refused = 0;
  accepted = 0;
  reasons = new Map();

  constructor(server, room) {
    this.server = server;
    this.room = room;
  }

  // Sends one message; true if the server took it, false if it told why not and closed.
  async send(payload, what, codes) {
    if (!this.socket || this.socket.has_ended) this.socket = await RawSocket.connect(this.server, this.room);
    const { socket } = this;
    socket.messages = [];
    socket.write(Buffer.concat([frame({ payload }), frame({ payload: kSyncStep1 })]));
    await socket.until(() => socket.has_ended || socket.messages.some(isSyncStep2), `${what}: an answer`);
    if (!socket.has_ended && !socket.close_frame) {
      this.accepted += 1;
      return true;
    }
    assertTold(await socket.ended(), what, codes);
    this.refused += 1;
    this.reasons.set(socket.close_frame.reason, (this.reasons.get(socket.close_frame.reason) ?? 0) + 1);
    return false;
  }

  close() { this.socket?.destroy(); }
}
