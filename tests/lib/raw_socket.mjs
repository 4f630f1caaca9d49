// A WebSocket client made of bytes, which can be as rude as a test wants.
//
//   const socket = await RawSocket.connect(server, 'room');
//   socket.frame({ opcode: 2, payload, masked: false });
//   const { code, reason } = await socket.ended();
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { Waiting } from './waiting.mjs';

export const kText = 1;
export const kBinary = 2;
export const kClose = 8;
export const kPing = 9;
export const kPong = 10;

// One frame as a client sends it; every rule can be broken. `length` lies about the payload's length.
export function frame({ opcode = kBinary, payload = Buffer.alloc(0), fin = true, rsv = 0, masked = true, length } = {}) {
  const said = BigInt(length ?? payload.length);
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  const mask_bit = masked ? 0x80 : 0;
  if (said < 126n) {
    head.push(mask_bit | Number(said));
  } else if (said < 65536n) {
    head.push(mask_bit | 126, Number(said >> 8n), Number(said & 255n));
  } else {
    head.push(mask_bit | 127);
    for (let shift = 56n; shift >= 0n; shift -= 8n) head.push(Number((said >> shift) & 255n));
  }
  if (!masked) return Buffer.concat([Buffer.from(head), payload]);
  const mask = randomBytes(4);
  const body = Buffer.from(payload);
  for (let i = 0; i < body.length; i++) body[i] ^= mask[i & 3];
  return Buffer.concat([Buffer.from(head), mask, body]);
}

export class RawSocket {
  head = '';            // the response to the handshake
  messages = [];        // { opcode, payload } not taken yet
  close_frame = null;   // { code, reason } the server sent
  has_ended = false;
  bytes_received = 0;
  answers_pings = true;

  // A TCP connection that says nothing yet.
  static open(server, { receive_buffer } = {}) {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ host: '127.0.0.1', port: server.port, allowHalfOpen: true, highWaterMark: receive_buffer });
      const raw = new RawSocket(socket);
      socket.once('connect', () => resolve(raw));
      socket.once('error', reject);
    });
  }

  // After the opening handshake.
  static async connect(server, room, query = '', options = {}) {
    const raw = await RawSocket.open(server, options);
    const path = new URL(server.room(room, query));
    raw.write(`GET ${path.pathname}${path.search} HTTP/1.1\r\nHost: ${path.host}\r\nUpgrade: websocket\r\n` +
      `Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`);
    await raw.until(() => raw.head.endsWith('\r\n\r\n'), 'the handshake is answered');
    if (!raw.head.startsWith('HTTP/1.1 101 ')) throw new Error(`the handshake was refused: ${raw.head}`);
    return raw;
  }

  constructor(socket) {
    this.socket = socket;
    this.pending = Buffer.alloc(0);
    this.waiting = new Waiting();
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      this.bytes_received += chunk.length;
      this.onData(chunk);
      this.waiting.tell();
    });
    const end = () => {
      this.has_ended = true;
      socket.destroy();
      this.waiting.tell();
    };
    socket.on('end', end);
    socket.on('close', end);
    socket.on('error', end);  // a reset is an end, too
  }

  // The server may have closed already: that is what many tests are about.
  write(bytes) {
    if (!this.socket.destroyed && this.socket.writable) this.socket.write(bytes);
  }
  frame(options) { this.write(frame(options)); }
  send(payload) { this.frame({ payload: Buffer.from(payload) }); }
  destroy() { this.socket.destroy(); }

  onData(chunk) {
    this.pending = Buffer.concat([this.pending, chunk]);
    if (!this.head.endsWith('\r\n\r\n')) {
      const end = this.pending.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.head = this.pending.subarray(0, end + 4).toString('latin1');
      this.pending = this.pending.subarray(end + 4);
    }
    if (!this.head.startsWith('HTTP/1.1 101 ')) return;
    for (let message; (message = this.take());) {
      if (message.opcode === kClose) {
        const { payload } = message;
        this.close_frame = {
          code: payload.length >= 2 ? payload.readUInt16BE(0) : 1005,
          reason: payload.subarray(2).toString('utf8'),
        };
      } else if (message.opcode === kPing) {
        if (this.answers_pings) this.frame({ opcode: kPong, payload: message.payload });
      } else {
        this.messages.push(message);
      }
    }
  }

  take() {
    const { pending } = this;
    if (pending.length < 2) return null;
    let at = 2;
    let length = pending[1] & 127;
    if (length === 126) {
      if (pending.length < 4) return null;
      length = pending.readUInt16BE(2);
      at = 4;
    } else if (length === 127) {
      if (pending.length < 10) return null;
      length = Number(pending.readBigUInt64BE(2));
      at = 10;
    }
    if (pending.length < at + length) return null;
    this.pending = pending.subarray(at + length);
    return { opcode: pending[0] & 15, payload: pending.subarray(at, at + length) };
  }

  until(condition, what, within_ms = 10000) { return this.waiting.until(condition, what, within_ms); }

  // Waits for the server to end the connection; what its close frame said, or null if it sent none.
  async ended(within_ms = 10000) {
    await this.until(() => this.has_ended, 'the server ends the connection', within_ms);
    return this.close_frame;
  }
}
