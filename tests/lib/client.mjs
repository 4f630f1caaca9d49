// A small y-websocket client that knows what is durable: it asks for acknowledgements (docs/protocol.md) and keeps,
// for every document message it sent, what its user had done by then.
//
//   const client = new Client({ url: () => server.room('a', 'acks=1') });
//   await client.synced();
//   client.doc.getText('t').insert(0, 'x');
//   await client.saved();                       // everything done so far is durable
//   client.acknowledged                         // the newest note() whose doing is durable
//   client.close();
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import WebSocket from 'ws';
import * as awarenessProtocol from 'y-protocols/awareness';
import * as syncProtocol from 'y-protocols/sync';
import * as Y from 'yjs';
import { Waiting } from './waiting.mjs';

const kSync = 0;
const kAwareness = 1;
const kPermissionDenied = 2;
const kDurable = 80;
const kSyncStep1 = 0;
const kSyncStep2 = 1;
const kUpdate = 2;

export class Client {
  connection = null;      // the open or opening WebSocket, or null
  connections = 0;        // how many were opened so far
  closes = [];            // { code, reason } of each that ended
  errors = [];            // what went wrong underneath, newest last
  isSynced = false;       // the server's sync step 2 has arrived on this connection
  sent = 0;               // document messages of this connection
  durable = 0;            // how many of them the server has called durable
  acknowledged = null;    // see note
  stateSent = false;      // our sync step 2 has gone out on this connection
  updatesReceived = 0;

  // url        a function, asked again at each connect
  // doc        a Y.Doc; a new one by default
  // note       a function whose result at the time of sending is `acknowledged` once that message is durable
  // reconnect  milliseconds until the next try, or 0 for none
  // patience   milliseconds after which a connection that has not synced is given up, or 0 for never
  constructor({ url, doc = new Y.Doc(), note = () => null, reconnect = 30, patience = 0, awareness = false }) {
    this.url = url;
    this.doc = doc;
    this.note = note;
    this.reconnect = reconnect;
    this.patience = patience;
    this.wanted = true;
    this.waiting = new Waiting();
    this.notes = [];
    this.awareness = awareness ? new awarenessProtocol.Awareness(doc) : null;
    this.onUpdate = (update, origin) => {
      if (origin !== this) this.sendDocument(kUpdate, update);
    };
    this.onAwareness = ({ added, updated, removed }, origin) => {
      if (origin === this) return;
      this.sendAwareness([...added, ...updated, ...removed]);
    };
    doc.on('update', this.onUpdate);
    this.awareness?.on('update', this.onAwareness);
    this.open();
  }

  open() {
    if (this.connection || !this.wanted) return;
    clearTimeout(this.timer);
    const socket = new WebSocket(this.url(), { perMessageDeflate: false });
    socket.binaryType = 'nodebuffer';
    this.connection = socket;
    this.isSynced = false;
    this.sent = 0;
    this.durable = 0;
    this.stateSent = false;
    this.notes = [];
    const impatience = this.patience && setTimeout(() => { if (!this.isSynced) socket.terminate(); }, this.patience);
    socket.on('open', () => {
      this.connections += 1;
      const encoder = encoding.createEncoder();
      encoding.writeVarUint(encoder, kSync);
      syncProtocol.writeSyncStep1(encoder, this.doc);
      socket.send(encoding.toUint8Array(encoder));
      if (this.awareness) this.sendAwareness([this.doc.clientID]);
      this.waiting.tell();
    });
    socket.on('message', (data) => this.onMessage(socket, data));
    socket.on('error', (error) => this.errors.push(error));
    socket.on('close', (code, reason) => {
      clearTimeout(impatience);
      this.connection = null;
      this.isSynced = false;
      this.closes.push({ code, reason: reason.toString() });
      if (this.wanted && this.reconnect) this.timer = setTimeout(() => this.open(), this.reconnect);
      this.waiting.tell();
    });
  }

  // Goes offline and stays so until open(); the document stays editable.
  pause() {
    clearTimeout(this.timer);
    this.wanted = false;
    this.connection?.terminate();
  }

  resume() {
    this.wanted = true;
    this.open();
  }

  close() {
    this.pause();
    this.doc.off('update', this.onUpdate);
    if (this.awareness) {
      this.awareness.off('update', this.onAwareness);
      this.awareness.destroy();
    }
    this.waiting.tell();
  }

  get isOpen() { return this.connection?.readyState === WebSocket.OPEN; }
  get isSaved() { return this.isSynced && this.stateSent && this.durable === this.sent; }

  sendDocument(type, payload) {
    if (!this.isOpen) return;
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, kSync);
    encoding.writeVarUint(encoder, type);
    encoding.writeVarUint8Array(encoder, payload);
    this.sent += 1;
    // Until our state has gone out in answer to the server's sync step 1, an update says nothing about older ones.
    if (type === kSyncStep2) this.stateSent = true;
    this.notes.push(this.stateSent ? this.note() : null);
    this.connection.send(encoding.toUint8Array(encoder));
  }

  sendAwareness(clients) {
    if (!this.isOpen) return;
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, kAwareness);
    encoding.writeVarUint8Array(encoder, awarenessProtocol.encodeAwarenessUpdate(this.awareness, clients));
    this.connection.send(encoding.toUint8Array(encoder));
  }

  onMessage(socket, data) {
    if (socket !== this.connection) return;
    const decoder = decoding.createDecoder(data);
    const type = decoding.readVarUint(decoder);
    if (type === kSync) {
      const kind = decoding.readVarUint(decoder);
      const payload = decoding.readVarUint8Array(decoder);
      if (kind === kSyncStep1) {
        this.sendDocument(kSyncStep2, Y.encodeStateAsUpdate(this.doc, payload));
      } else {
        this.updatesReceived += 1;
        Y.applyUpdate(this.doc, payload, this);
        if (kind === kSyncStep2) this.isSynced = true;
      }
    } else if (type === kAwareness) {
      const update = decoding.readVarUint8Array(decoder);
      if (this.awareness) awarenessProtocol.applyAwarenessUpdate(this.awareness, update, this);
    } else if (type === kDurable) {
      const count = decoding.readVarUint(decoder);
      if (count < this.durable || count > this.sent) {
        throw new Error(`the server calls ${count} messages durable; before ${this.durable}, sent ${this.sent}`);
      }
      if (count > this.durable) this.acknowledged = this.notes[count - 1] ?? this.acknowledged;
      this.durable = count;
    } else if (type !== kPermissionDenied) {
      throw new Error(`the server sent a message of type ${type}`);
    }
    this.waiting.tell();
  }

  // Resolves when `condition()` holds, which is looked at whenever something happened here.
  until(condition, what, within_ms = 20000) {
    return this.waiting.until(condition, what, within_ms, () => ` (${JSON.stringify(this.summary())})`);
  }

  synced(within_ms) { return this.until(() => this.isSynced, 'the server\'s state arrives', within_ms); }
  saved(within_ms) { return this.until(() => this.isSaved, 'everything is acknowledged', within_ms); }
  closed(within_ms) { return this.until(() => this.connection === null, 'the connection ends', within_ms); }

  summary() {
    return {
      open: this.isOpen, synced: this.isSynced, sent: this.sent, durable: this.durable, connections: this.connections,
      last_close: this.closes.at(-1), last_error: this.errors.at(-1)?.message,
    };
  }
}

// A client that has nothing of its own, synced: what a newcomer sees.
export async function freshClient(url, options = {}) {
  const client = new Client({ url: () => url, reconnect: 0, ...options });
  await client.synced();
  return client;
}

// Waits until all documents hold the same items and have the same of them deleted, so are equal as documents.
export async function converge(docs, within_ms = 20000) {
  const vectors = () => docs.map((doc) => JSON.stringify([...Y.decodeStateVector(Y.encodeStateVector(doc))].sort()));
  const deletes = () => docs.map((doc) => JSON.stringify([...Y.createDeleteSetFromStructStore(doc.store).clients]
    .map(([client, ranges]) => [client, ranges.map((r) => [r.clock, r.len])]).sort()));
  const same = (list) => list.every((each) => each === list[0]);
  const deadline = Date.now() + within_ms;
  while (!(same(vectors()) && same(deletes()))) {
    if (Date.now() > deadline) throw new Error(`documents did not converge within ${within_ms} ms:\n${vectors().join('\n')}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
