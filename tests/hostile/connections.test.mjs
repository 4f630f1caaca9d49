// Connections that take what they can and give nothing: they cost the server little, are told why, and go.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { sleep } from '../lib/arguments.mjs';
import { Client, converge } from '../lib/client.mjs';
import { startServer } from '../lib/server.mjs';
import { RawSocket, frame, kPing } from '../lib/raw_socket.mjs';
import { bytes, updateMessage } from './corpus.mjs';
import { Witnesses } from './witnesses.mjs';
import * as Y from 'yjs';

const MiB = 1 << 20;
let server;
before(async () => {
  server = await startServer({ args: ['--head-timeout', '2s', '--idle-timeout', '4s', '--stuck-timeout', '3s'] });
});
after(async () => {
  assert.ok(server?.alive(), `the server did not survive:\n${server?.log}`);
  await server.stop();
});

test('a thousand connections that never speak', { timeout: 60000 }, async (t) => {
  const witnesses = await Witnesses.start(t, server, 'silence');
  await sleep(300);
  const before_bytes = server.memoryBytes();
  // Half of them say nothing at all, half stop in the middle of their request.
  const sockets = await Promise.all(Array.from({ length: 1000 }, () => RawSocket.open(server)));
  for (const [i, socket] of sockets.entries()) {
    if (i % 2 === 1) socket.write('GET /rooms/silence HTTP/1.1\r\nHost: x\r\nUpgra');
  }
  const grown = server.memoryBytes() - before_bytes;
  const begin = Date.now();
  await Promise.all(sockets.map((socket) => socket.until(() => socket.has_ended, 'a silent connection ends')));
  const took = Date.now() - begin;
  t.diagnostic(`${(grown / 1000 / 1024).toFixed(1)} KiB each; gone after ${took} ms`);
  assert.ok(grown < 32 * MiB, `they cost ${(grown / MiB).toFixed(0)} MiB`);
  for (const [i, socket] of sockets.entries()) {
    if (i % 2 === 1) assert.match(socket.head, /^HTTP\/1\.1 408 /, 'half a request is told why');
  }
  await witnesses.finish();
});

test('a thousand WebSockets that never speak, and do not answer pings', { timeout: 60000 }, async (t) => {
  const witnesses = await Witnesses.start(t, server, 'silence');
  await sleep(300);
  const before_bytes = server.memoryBytes();
  const sockets = [];
  for (let i = 0; i < 1000; i++) {
    // Some of them among the witnesses, and so receivers of everything they do.
    const socket = await RawSocket.connect(server, i % 20 === 0 ? 'silence' : `silence ${i % 7}`);
    socket.answers_pings = false;
    sockets.push(socket);
  }
  const grown = server.memoryBytes() - before_bytes;
  await Promise.all(sockets.map((socket) => socket.ended(20000)));
  t.diagnostic(`${(grown / 1000 / 1024).toFixed(1)} KiB each`);
  assert.ok(grown < 64 * MiB, `they cost ${(grown / MiB).toFixed(0)} MiB`);
  for (const { close_frame } of sockets) {
    assert.ok(close_frame, 'closed without a word');
    assert.ok(close_frame.code < 4400 || close_frame.code > 4499, 'being quiet is no reason never to come back');
    assert.match(close_frame.reason, /no sign of life/);
  }
  await witnesses.finish();
});

test('one byte of a request a second', { timeout: 60000 }, async (t) => {
  const witnesses = await Witnesses.start(t, server, 'silence');
  const socket = await RawSocket.open(server);
  const begin = Date.now();
  for (const byte of `GET /rooms/silence?${'x'.repeat(200)} HTTP/1.1\r\n`) {
    if (socket.has_ended) break;
    socket.write(byte);
    await sleep(100);
  }
  assert.ok(socket.has_ended, 'the head has a time limit as a whole');
  assert.ok(Date.now() - begin < 6000);
  await witnesses.finish();
});

test('half-open connections: one side has ended, the other never does', { timeout: 60000 }, async (t) => {
  const witnesses = await Witnesses.start(t, server, 'half open');
  const sockets = [];
  for (let i = 0; i < 100; i++) {
    const socket = i % 2 === 0 ? await RawSocket.open(server) : await RawSocket.connect(server, 'half open');
    if (i % 3 === 0) socket.write(frame({ payload: Buffer.alloc(50000) }).subarray(0, 1000));
    socket.socket.end();  // our FIN; we would go on reading for ever
    sockets.push(socket);
  }
  await Promise.all(sockets.map((socket) => socket.until(() => socket.has_ended, 'the server ends its side, too')));
  await witnesses.finish();
});

// 60 MB of updates into a document that stays small, each overwriting what the one before had written.
async function writeMegabytes(on, room, megabytes, onStep = () => {}) {
  const writer = new Client({ url: () => on.room(room, 'acks=1') });
  await writer.synced();
  const map = writer.doc.getMap('ballast');
  for (let i = 0; i < megabytes * 4; i++) {
    map.set(`key ${i % 3}`, String(i).padEnd(MiB / 4, 'x'));
    await writer.until(() => writer.sent - writer.durable < 16, 'the server keeps up', 30000);
    onStep(i);
  }
  await writer.saved();
  return writer;
}

test('readers that stop reading while others write 60 MB', { timeout: 120000 }, async (t) => {
  const witnesses = await Witnesses.start(t, server, 'slow');
  const warm = await writeMegabytes(server, 'slow', 8);
  await sleep(300);
  const slow = [];
  for (let i = 0; i < 20; i++) {
    const socket = await RawSocket.connect(server, 'slow');
    socket.answers_pings = false;
    socket.frame({ payload: bytes(0, 0, 1, 0) });
    await socket.until(() => socket.messages.some(({ payload }) => payload[0] === 0 && payload[1] === 1), 'its first sync');
    socket.socket.pause();
    slow.push(socket);
  }
  const before_bytes = server.memoryBytes();
  let peak = 0;
  const writer = await writeMegabytes(server, 'slow', 60, () => { peak = Math.max(peak, server.memoryBytes()); });
  const grown = peak - before_bytes;
  t.diagnostic(`the server grew by ${(grown / MiB).toFixed(1)} MiB at most, for 20 readers that took nothing of 60 MiB`);
  assert.ok(grown < 120 * MiB, `the server grew by ${(grown / MiB).toFixed(0)} MiB`);
  const seen = await witnesses.finish({ latency_max_ms: 5000 });
  t.diagnostic(`witnesses made ${seen.edits} edits, the slowest took ${seen.worst_ms.toFixed(0)} ms`);
  // Stuck for longer than --stuck-timeout: closed. They may not have been able to hear why.
  await sleep(4000);
  for (const socket of slow) socket.socket.resume();
  await Promise.all(slow.map((socket) => socket.until(() => socket.has_ended, 'a stuck reader is closed')));
  writer.close();
  warm.close();
});

test('a reader that was slow for a while gets everything, in less', { timeout: 120000 }, async (t) => {
  const patient = await startServer({ args: ['--stuck-timeout', '5m', '--idle-timeout', '5m'] });
  t.after(() => patient.stop());
  const reader = new Client({ url: () => patient.room('catching up'), reconnect: 0 });
  await reader.synced();
  const socket = reader.connection._socket;
  reader.connection.pause();
  const before_bytes = socket.bytesRead;
  const writer = await writeMegabytes(patient, 'catching up', 40);
  reader.connection.resume();
  await converge([reader.doc, writer.doc]);
  const received = socket.bytesRead - before_bytes;
  t.diagnostic(`${(received / MiB).toFixed(1)} MiB instead of 40`);
  // What the socket buffers held, and then one difference.
  assert.ok(received < 20 * MiB, `it was sent ${(received / MiB).toFixed(1)} MiB`);
  assert.deepEqual(reader.closes, []);
  // And it takes part as before.
  reader.doc.getText('after').insert(0, 'here again');
  await writer.until(() => writer.doc.getText('after').toString() === 'here again', 'its edit arrives');
  reader.close();
  writer.close();
});

test('a writer that sends as fast as it can', { timeout: 120000 }, async (t) => {
  const count = 20000;
  const doc = new Y.Doc();
  const updates = [];
  doc.on('update', (update) => updates.push(frame({ payload: updateMessage(Buffer.from(update)) })));
  const text = doc.getText('flood');
  for (let i = 0; i < count; i++) text.insert(text.length, 'x');

  const witnesses = await Witnesses.start(t, server, 'flood');
  await sleep(200);
  const before_bytes = server.memoryBytes();
  const socket = await RawSocket.connect(server, 'flood');
  for (let i = 0; i < count; i += 100) {
    socket.write(Buffer.concat(updates.slice(i, i + 100)));
    if (i % 1000 === 0) await sleep(0);  // the witnesses live in this process, too
  }
  let peak = 0;
  const [witness] = witnesses.clients;
  await witness.until(() => {
    peak = Math.max(peak, server.memoryBytes());
    return witness.doc.getText('flood').length === count;
  }, 'the flood has passed', 60000);
  t.diagnostic(`the server grew by ${((peak - before_bytes) / MiB).toFixed(1)} MiB`);
  assert.ok(peak - before_bytes < 50 * MiB);
  assert.ok(!socket.has_ended);
  socket.destroy();
  const seen = await witnesses.finish({ latency_max_ms: 5000 });
  t.diagnostic(`witnesses made ${seen.edits} edits, the slowest took ${seen.worst_ms.toFixed(0)} ms`);
});

test('requests that are no requests', { timeout: 60000 }, async (t) => {
  const witnesses = await Witnesses.start(t, server, 'http');
  const answer = async (request) => {
    const socket = await RawSocket.open(server);
    socket.write(request);
    await socket.until(() => socket.has_ended || socket.head.endsWith('\r\n\r\n'), `an answer to ${request.slice(0, 40)}`);
    socket.destroy();
    return socket.head.slice(9, 12);
  };
  const upgrade = (path, ...headers) => `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${headers.join('\r\n')}\r\n\r\n`;
  const version = 'Sec-WebSocket-Version: 13';
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
  assert.equal(await answer('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'), '400');  // TLS
  assert.equal(await answer('GET / HTTP/9.9\r\n\r\n'), '400');
  assert.match(await answer(`GET /${'x'.repeat(100000)} HTTP/1.1\r\nHost: x\r\n\r\n`), /^4(14|31|00)$/);
  assert.match(await answer(`GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(20000)}\r\n`), /^4(31|00)$/);
  assert.equal(await answer(upgrade('/rooms/http', version)), '400');
  assert.equal(await answer(upgrade('/rooms/http', version, 'Sec-WebSocket-Key: short')), '400');
  assert.equal(await answer(upgrade('/rooms/http', key, 'Sec-WebSocket-Version: 8')), '426');
  assert.equal(await answer(upgrade('/rooms/', version, key)), '400');
  assert.equal(await answer(upgrade('/rooms/%ff', version, key)), '400');
  assert.equal(await answer(upgrade('/rooms/%zz', version, key)), '400');
  assert.equal(await answer(upgrade('/rooms/a%00b', version, key)), '400');
  assert.equal(await answer(upgrade(`/rooms/${'x'.repeat(256)}`, version, key)), '400');
  assert.equal(await answer(upgrade(`/rooms/${'x'.repeat(255)}`, version, key)), '101');
  assert.match(await answer('GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n'), /^40[04]$/);
  assert.match(await answer('GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n'), /^40[04]$/);
  assert.match(await answer('POST /rooms/http HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n'), /^4\d\d$/);
  assert.match(await answer('DELETE /healthz HTTP/1.1\r\nHost: x\r\n\r\n'), /^405$/);
  await witnesses.finish();
});

test('a port scanner', { timeout: 60000 }, async (t) => {
  const witnesses = await Witnesses.start(t, server, 'scan');
  for (let i = 0; i < 500; i++) {
    await new Promise((resolve) => {
      const socket = net.connect(server.port, '127.0.0.1', () => {
        if (i % 2 === 0) socket.resetAndDestroy(); else socket.destroy();
        resolve();
      });
      socket.on('error', resolve);
    });
  }
  await witnesses.finish();
});
