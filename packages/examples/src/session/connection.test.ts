import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as Y from 'yjs';
import { Connection, isDocumentMessage } from './connection.ts';

// A server seen from one socket, driven by hand.
class FakeSocket {
  static readonly OPEN = 1;
  static sockets: FakeSocket[] = [];
  readonly OPEN = 1;
  readyState = 0;
  binaryType = '';
  sent: Uint8Array[] = [];
  onopen = () => {};
  onmessage = (_event: { data: ArrayBuffer }) => {};
  onclose = (_event: { code: number; reason: string }) => {};

  constructor(readonly url: string) {
    FakeSocket.sockets.push(this);
  }
  send(data: Uint8Array) {
    this.sent.push(data);
  }
  close() {}

  open() {
    this.readyState = 1;
    this.onopen();
  }
  receive(...bytes: number[]) {
    this.onmessage({ data: Uint8Array.from(bytes).buffer });
  }
  // The server's sync step 1 and 2 for an empty document.
  synchronize() {
    this.receive(0, 0, 1, 0);
    this.receive(0, 1, 2, 0, 0);
  }
  lose(code = 1006, reason = '') {
    this.readyState = 3;
    this.onclose({ code, reason });
  }
  get documentMessages() {
    return this.sent.filter(isDocumentMessage).length;
  }
}

function connect() {
  FakeSocket.sockets = [];
  const doc = new Y.Doc();
  const connection = new Connection(
    'ws://test/rooms',
    'a room',
    doc,
    FakeSocket as unknown as typeof WebSocket,
  );
  const socket = () => FakeSocket.sockets.at(-1)!;
  const reconnected = async () => {
    const before = FakeSocket.sockets.length;
    while (FakeSocket.sockets.length === before) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  return { doc, connection, socket, reconnected, edit: () => doc.getMap('m').set('k', Math.random()) };
}

test('it asks for acknowledgements, for a room whose name is encoded', () => {
  const { connection, socket } = connect();
  assert.equal(socket().url, 'ws://test/rooms/a%20room?acks=1');
  connection.destroy();
});

test('it is live when the state has arrived, not when the socket opens', () => {
  const { connection, socket } = connect();
  assert.equal(connection.status.value.link, 'connecting');
  socket().open();
  assert.equal(connection.status.value.link, 'connecting');
  socket().synchronize();
  assert.equal(connection.status.value.link, 'live');
  connection.destroy();
});

test('an edit is unsaved until the server confirms as many messages as were sent', () => {
  const { connection, socket, edit } = connect();
  socket().open();
  socket().synchronize();
  socket().receive(80, 1);
  assert.deepEqual(connection.status.value, { link: 'live', unsaved: false, acknowledges: true, reason: '' });
  edit();
  edit();
  assert.equal(socket().documentMessages, 3);
  assert.equal(connection.status.value.unsaved, true);
  socket().receive(80, 2);
  assert.equal(connection.status.value.unsaved, true);
  socket().receive(80, 3);
  assert.equal(connection.status.value.unsaved, false);
  connection.destroy();
});

test('what was not confirmed before the connection broke stays unsaved until the next one confirms it', async () => {
  const { connection, socket, reconnected, edit } = connect();
  socket().open();
  socket().synchronize();
  socket().receive(80, 1);
  edit();
  socket().lose();
  assert.deepEqual([connection.status.value.link, connection.status.value.unsaved], ['offline', true]);
  await reconnected();
  assert.equal(connection.status.value.link, 'offline');
  socket().open();
  socket().receive(80, 0); // nothing was sent yet: equal counts must not pass for saved
  assert.equal(connection.status.value.unsaved, true);
  socket().synchronize();
  assert.deepEqual([connection.status.value.link, connection.status.value.unsaved], ['live', true]);
  socket().receive(80, 1);
  assert.equal(connection.status.value.unsaved, false);
  connection.destroy();
});

test('a server that never acknowledges is never said to have saved', () => {
  const { connection, socket, edit } = connect();
  edit();
  assert.equal(connection.status.value.unsaved, true);
  socket().open();
  socket().synchronize();
  edit();
  assert.equal(connection.status.value.acknowledges, false);
  connection.destroy();
});

test('a close code of 4400 to 4499 is final, any other is tried again', async () => {
  const { connection, socket, reconnected } = connect();
  socket().lose(1013);
  assert.equal(connection.status.value.link, 'offline');
  await reconnected();
  socket().lose(4403, 'forbidden');
  assert.deepEqual([connection.status.value.link, connection.status.value.reason], ['refused', 'forbidden']);
  const count = FakeSocket.sockets.length;
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.equal(FakeSocket.sockets.length, count);
  connection.destroy();
});
