// People with real clients: every generation of the y-websocket provider as npm has it, over real sockets.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { WebsocketProvider as Provider4 } from '@y/websocket';
import * as Y14 from '@y/y';
import { WebSocket } from 'ws';
import { startServer } from '../lib/server.mjs';

// Versions 1 and 2 say that they are CommonJS, and their modules do not load in Node 18. All of version 13 has to come the
// same way, or there would be two Yjs in one process.
const require = createRequire(import.meta.url);
export const Y = require('yjs');

export const generations = [
  { name: 'y-websocket 1.5.4', Provider: require('y-websocket-1').WebsocketProvider, Doc: Y.Doc, content: content13 },
  { name: 'y-websocket 2.1.0', Provider: require('y-websocket-2').WebsocketProvider, Doc: Y.Doc, content: content13 },
  { name: 'y-websocket 3.0.0', Provider: require('y-websocket-3').WebsocketProvider, Doc: Y.Doc, content: content13 },
  { name: 'y-websocket 3.1.0', Provider: require('y-websocket-31').WebsocketProvider, Doc: Y.Doc, content: content13 },
  { name: '@y/websocket 4.0.0-3', Provider: Provider4, Doc: Y14.Doc, content: content14 },
];

// Roots mean the same to Yjs 13 and 14; the methods have other names.
function content13(doc) {
  const [text, map] = [doc.getText('text'), doc.getMap('map')];
  return { insert: (at, typed) => text.insert(at, typed), read: () => text.toString(), set: (key, value) => map.set(key, value), get: (key) => map.get(key) };
}

function content14(doc) {
  const [text, map] = [doc.get('text'), doc.get('map')];
  return { insert: (at, typed) => text.insert(at, typed), read: () => text.toString(), set: (key, value) => map.setAttr(key, value), get: (key) => map.getAttr(key) };
}

// One person in a room. Nothing goes through the broadcast channel: in one process that would bypass the server.
export class Person {
  closes = [];  // close events that the provider saw

  constructor(server, room, generation = generations[2], options = {}) {
    this.doc = new generation.Doc();
    this.provider = new generation.Provider(server.roomsUrl, room, this.doc, { WebSocketPolyfill: WebSocket, disableBc: true, maxBackoffTime: 300, ...options });
    this.provider.on('connection-close', (event) => this.closes.push(event));
    this.provider.on('connection-error', () => {});  // a server that is away; the provider comes again by itself
    Object.assign(this, generation.content(this.doc));
  }

  get awareness() { return this.provider.awareness; }
  get synced() { return this.provider.synced; }

  // Who this person sees, by name.
  present() { return [...this.awareness.getStates().values()].map((state) => state.user?.name ?? '?').sort(); }

  be(name) { this.awareness.setLocalStateField('user', { name }); }

  arrive() { return until(() => this.synced, 'sync'); }

  leave() {
    this.provider.destroy();
    this.awareness.destroy();
    this.doc.destroy();
  }
}

// A server of this test's own and people who leave when the test ends.
export async function setUp(test, options) {
  const server = await startServer(options);
  const people = new Set();
  const party = {
    server,
    join(room, generation, more) {
      const person = new Person(party.server, room, generation, more);
      people.add(person);
      return person;
    },
    leave(person) {
      people.delete(person);
      person.leave();
    },
    // kill -9 and a new process on the same port and data.
    async crash() {
      await party.server.kill();
      party.server = await startServer({ ...options, data: server.data, port: server.port });
    },
  };
  test.after(async () => {
    for (const person of people) person.leave();
    if (party.server.alive()) await party.server.stop();
  });
  return party;
}

// Waits until everything that the server has taken is on disk. These clients have no way to be told.
export async function stored(server, within_ms = 60000) {
  const deadline = Date.now() + within_ms;
  for (;;) {
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    const counts = [...metrics.matchAll(/^symphony_unstored_updates(?:\{.*\})? (\S+)$/gm)].map(([, value]) => Number(value));
    assert.ok(counts.length > 0, 'the server says what is not stored yet');
    if (counts.every((count) => count === 0)) return;
    if (Date.now() > deadline) assert.fail(`not stored within ${within_ms} ms`);
    await pause(20);
  }
}

// Waits until `condition` holds.
export async function until(condition, what, within_ms = 15000) {
  const deadline = Date.now() + within_ms;
  for (;;) {
    if (condition()) return;
    if (Date.now() > deadline) assert.fail(`not within ${within_ms} ms: ${what}`);
    await pause(10);
  }
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
