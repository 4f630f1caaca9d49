// The sync status of a later @y/websocket, which no published version has yet: a local update is unconfirmed until its content
// comes back in a sync message, and the list of unconfirmed updates outlives a reconnect. Green has to mean stored.
import assert from 'node:assert/strict';
import test from 'node:test';
import * as Y14 from '@y/y';
import * as decoding from 'lib0/decoding';
import { generations, pause, setUp, until, Y } from './people.mjs';

const newest = generations[generations.length - 1];

// Watches a provider as that version does. `unconfirmed` holds [client, first clock, end clock].
class SyncStatus {
  unconfirmed = [];

  constructor(person) {
    person.doc.on('update', (update, origin) => {
      if (origin !== person.provider) this.unconfirmed.push(...ranges(update));
    });
    const handle = person.provider.messageHandlers[0];
    person.provider.messageHandlers[0] = (encoder, decoder, ...rest) => {
      this.#see(decoding.clone(decoder));
      handle(encoder, decoder, ...rest);
    };
  }

  get green() { return this.unconfirmed.length === 0; }

  #see(decoder) {
    if (decoding.readVarUint(decoder) === 0) return;  // sync step 1 confirms nothing
    const seen = ranges(decoding.readVarUint8Array(decoder));
    this.unconfirmed = this.unconfirmed.filter(([client, from, to]) => !covered(client, from, to, seen));
  }
}

const ranges = (update) => Y.decodeUpdate(update).structs.filter((struct) => !(struct instanceof Y.Skip))
  .map(({ id, length }) => [id.client, id.clock, id.clock + length]);

function covered(client, from, to, seen) {
  for (const [, start, end] of seen.filter(([one]) => one === client).sort(([, a], [, b]) => a - b)) {
    if (start <= from && end > from) from = end;
  }
  return from >= to;
}

// Two ways to ask: a parameter, and several messages in one frame, which only such a provider sends; here they say nothing.
const twoMessages = Uint8Array.from([1, 1, 0, 1, 1, 0]);
const ways = [
  ['echo=1', { params: { echo: '1' } }, () => {}],
  ['several messages in a frame', {}, ({ provider }) => {
    provider.on('status', ({ status }) => { if (status === 'connected') provider.ws.send(twoMessages); });
  }],
];

for (const [way, options, ask] of ways) {
  test(`sync status with ${way}: green means stored`, async (t) => {
    const party = await setUp(t);
    const ada = party.join('status', newest, options);
    const status = new SyncStatus(ada);
    ask(ada);
    await ada.arrive();
    for (let round = 0; round < 5; round++) {
      ada.insert(0, `round ${round} `);
      assert.ok(!status.green, 'what was just typed is not confirmed');
      await until(() => status.green, 'green');
      await party.crash();  // at once: what was green must be there
      const bob = party.join('status', newest);
      await bob.arrive();
      assert.ok(bob.read().startsWith(`round ${round} `), `round ${round} was green and is lost`);
      party.leave(bob);
      await until(() => ada.provider.wsconnected && ada.synced, 'Ada is back');
    }
  });

  test(`sync status with ${way}: an edit in the moment of a crash turns green later`, async (t) => {
    const party = await setUp(t);
    const ada = party.join('late status', newest, options);
    const bob = party.join('late status', newest);
    const status = new SyncStatus(ada);
    ask(ada);
    await Promise.all([ada.arrive(), bob.arrive()]);
    for (let round = 0; round < 5; round++) {
      ada.insert(0, `x${round} `);
      await pause(round);          // now before, now after the server has taken it
      ada.provider.ws.terminate();
      ada.insert(0, `y${round} `);  // and something while away
      await until(() => ada.provider.wsconnected && ada.synced, 'Ada is back');
      await until(() => status.green, 'green after the reconnect');
      await until(() => bob.read().startsWith(`y${round} x${round} `), 'and Bob has it');
    }
  });
}

// The tracker reads what Yjs 14 writes with Yjs 13, so that must agree about ids.
test('Yjs 13 and 14 name the content of an update alike', () => {
  const doc = new Y14.Doc();
  let update;
  doc.on('update', (bytes) => { update = bytes; });
  doc.get('text').insert(0, 'four');
  assert.deepEqual(ranges(update), [[doc.clientID, 0, 4]]);
  doc.destroy();
});
