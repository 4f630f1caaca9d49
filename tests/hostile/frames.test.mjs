// Frames that break RFC 6455 or our limits: the offender hears a close code and a reason, the room hears nothing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from '../lib/server.mjs';
import { RawSocket, frame, kBinary, kClose, kPing, kPong, kText } from '../lib/raw_socket.mjs';
import { expectRefusal } from './offender.mjs';
import { bytes, updateMessage } from './corpus.mjs';
import { Witnesses } from './witnesses.mjs';

const kContinuation = 0;
const MiB = 1 << 20;
let server;
before(async () => { server = await startServer({ args: ['--message-bytes-max', '2MiB'] }); });
after(async () => {
  assert.ok(server?.alive(), `the server did not survive:\n${server?.log}`);
  await server.stop();
});

const closing = (...payload) => frame({ opcode: kClose, payload: Buffer.from(payload) });
const some = Buffer.from('some payload');

const cases = [
  ['a text frame', frame({ opcode: kText, payload: some }), [1003]],
  ['an empty text frame', frame({ opcode: kText }), [1003]],
  ['a text frame of bad UTF-8', frame({ opcode: kText, payload: Buffer.from([0xff, 0xfe]) }), [1003, 1007]],
  ['an unmasked frame', frame({ payload: some, masked: false }), [1002]],
  ['an unmasked ping', frame({ opcode: kPing, masked: false }), [1002]],
  ['reserved bit 1 (compression that was not agreed on)', frame({ payload: some, rsv: 4 }), [1002]],
  ['reserved bits 2 and 3', frame({ payload: some, rsv: 3 }), [1002]],
  ['opcode 3', frame({ opcode: 3, payload: some }), [1002]],
  ['opcode 11', frame({ opcode: 11, payload: some }), [1002]],
  ['a ping in fragments', frame({ opcode: kPing, payload: some, fin: false }), [1002]],
  ['a ping of 126 bytes', frame({ opcode: kPing, payload: Buffer.alloc(126) }), [1002]],
  ['a continuation of nothing', frame({ opcode: kContinuation, payload: some }), [1002]],
  ['a message inside a message', Buffer.concat([frame({ payload: some, fin: false }), frame({ payload: some })]), [1002]],
  ['a length of 2^63 and more', frame({ length: 2n ** 63n }), [1002, 1009]],
  ['a length of 2^62', frame({ length: 2n ** 62n }), [1009]],
  ['a length just past the limit', frame({ length: 2 * MiB + 1 }), [1009]],
  ['fragments that together pass the limit',
    Buffer.concat([frame({ payload: Buffer.alloc(MiB), fin: false }), ...Array.from({ length: 4 },
      () => frame({ opcode: kContinuation, payload: Buffer.alloc(MiB), fin: false }))]), [1009]],
  ['a close frame of one byte', closing(3), [1002]],
  ['a close code of 999', closing(3, 231), [1002]],
  ['a close code of 1005', closing(3, 237), [1002]],
  ['a close reason of bad UTF-8', closing(3, 232, 0xc3, 0x28), [1007]],
];

test('frames that break the rules', { timeout: 120000 }, async (t) => {
  const witnesses = await Witnesses.start(t, server, 'frames');
  for (const [what, bad, codes] of cases) {
    await expectRefusal({ server, room: 'frames', what, bytes: bad, codes, log: (line) => t.diagnostic(line) });
    // The same after something honest, and in pieces of one byte.
    await expectRefusal({
      server, room: 'frames', what: `${what}, later`, codes,
      bytes: Buffer.concat([frame({ payload: Buffer.from([0, 0, 1, 0]) }), frame({ opcode: kPong }), bad]),
    });
    if (bad.length < 200) await byteByByte(what, bad, codes);
  }
  const seen = await witnesses.finish();
  t.diagnostic(`witnesses made ${seen.edits} edits, the slowest took ${seen.worst_ms.toFixed(0)} ms`);
});

async function byteByByte(what, bad, codes) {
  const socket = await RawSocket.connect(server, 'frames');
  for (const byte of bad) {
    socket.write(Buffer.from([byte]));
    await new Promise(setImmediate);
    if (socket.has_ended) break;
  }
  const close = await socket.ended();
  assert.ok(close && codes.includes(close.code), `${what}, byte by byte: ${JSON.stringify(close)}`);
}

// A small frame that claims much makes the server hold nothing of it.
test('announced bytes cost nothing until they come', { timeout: 60000 }, async (t) => {
  const witnesses = await Witnesses.start(t, server, 'frames');
  const before_bytes = server.memoryBytes();
  const sockets = await Promise.all(Array.from({ length: 200 }, () => RawSocket.connect(server, 'frames')));
  for (const socket of sockets) socket.write(frame({ length: 2 * MiB }));  // and then nothing
  await new Promise((resolve) => setTimeout(resolve, 500));
  const grown = server.memoryBytes() - before_bytes;
  assert.ok(grown < 50 * MiB, `200 frames of 2 MiB that never came cost ${(grown / MiB).toFixed(0)} MiB`);
  for (const socket of sockets) socket.destroy();
  await witnesses.finish();
});

test('messages that are not what the dialect says', { timeout: 60000 }, async (t) => {
  const witnesses = await Witnesses.start(t, server, 'messages');
  const message = (...parts) => frame({ payload: bytes(...parts) });
  const state = (text) => [1, 7, 1, text];   // one awareness entry
  const awareness = (...parts) => { const body = bytes(...parts); return message(1, body.length, body); };
  const wrong = [
    ['sync without a kind', message(0)],
    ['a sync message of kind 3', message(0, 3, 1, Buffer.from([0]))],
    ['a sync message of kind 2^50', message(0, 2 ** 50)],
    ['a state vector longer than the message', message(0, 0, 1000, Buffer.from([0]))],
    ['a state vector of 2^50 clients', message(0, 0, 8, bytes(2 ** 50))],
    ['a state vector that ends early', message(0, 0, 2, bytes(5, 1))],
    ['an update longer than the message', message(0, 2, 2 ** 40, some)],
    ['awareness that is cut', message(1, 100, some)],
    ['awareness of 2^50 clients', awareness(2 ** 50)],
    ['awareness of JSON that is not', awareness(...state('{"name":'))],
    ['awareness of bad UTF-8', awareness(1, 7, 1, 2, Buffer.from([0xff, 0xff]))],
    ['awareness without JSON', awareness(...state(''))],
    ['awareness nested 100,000 deep', awareness(...state('['.repeat(100000) + ']'.repeat(100000)))],
    ['awareness nested 30,000 deep', awareness(...state('['.repeat(30000) + ']'.repeat(30000)))],
    ['awareness of 1 MB', awareness(...state(JSON.stringify('x'.repeat(MiB))))],
    ['awareness for 10,000 clients', awareness(10000, ...Array.from({ length: 10000 }, (_, i) => [1000 + i, 1, '{}']).flat())],
  ];
  for (const [what, bad] of wrong) {
    await expectRefusal({ server, room: 'messages', what, bytes: bad, log: (line) => t.diagnostic(line) });
  }
  // Odd but nobody's harm: an app's own types, empty frames, questions, a thousand messages in one frame.
  const socket = await RawSocket.connect(server, 'messages');
  socket.write(Buffer.concat([message(99, 'an app\'s own'), frame({}), message(3), awareness(0),
    frame({ payload: Buffer.concat(Array.from({ length: 1000 }, () => bytes(0, 0, 1, Buffer.from([0])))) }),
    frame({ opcode: kPing, payload: some })]));
  await socket.until(() => socket.messages.some(({ opcode, payload }) => opcode === kPong && payload.equals(some)), 'the pong');
  assert.ok(!socket.has_ended && !socket.close_frame, `closed: ${JSON.stringify(socket.close_frame)}`);
  socket.destroy();
  await witnesses.finish();
});

test('closing by the book, and by the door', { timeout: 60000 }, async (t) => {
  const witnesses = await Witnesses.start(t, server, 'frames');
  const polite = await RawSocket.connect(server, 'frames');
  polite.write(closing(3, 232));
  assert.deepEqual((await polite.ended()).code, 1000);
  const silent = await RawSocket.connect(server, 'frames');
  silent.write(closing());
  assert.ok([1000, 1005].includes((await silent.ended()).code));
  // What follows a close frame is not looked at.
  const chatty = await RawSocket.connect(server, 'frames');
  chatty.write(Buffer.concat([closing(3, 232), frame({ payload: updateMessage(Buffer.from([0xff])) })]));
  assert.equal((await chatty.ended()).code, 1000);
  // Gone in the middle of a frame, a hundred times.
  for (let i = 0; i < 100; i++) {
    const socket = await RawSocket.connect(server, 'frames');
    socket.write(frame({ opcode: kBinary, payload: updateMessage(some) }).subarray(0, 1 + (i % 20)));
    if (i % 2 === 0) socket.socket.resetAndDestroy(); else socket.destroy();
  }
  await witnesses.finish();
});
