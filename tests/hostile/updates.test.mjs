// Updates that are not what they seem, sent into a room where two people work.
//
//   node tests/hostile/updates.test.mjs [--mutations 3000] [--seed n]
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as Y from 'yjs';
import { Prng } from '../interop/lib/prng.mjs';
import { seedSetting, setting } from '../lib/arguments.mjs';
import { startServer } from '../lib/server.mjs';
import { honestUpdates, updateMessage, wounded } from './corpus.mjs';
import { crafted, deletionOf, nestedTypes } from './crafted.mjs';
import { Offender, expectRefusal } from './offender.mjs';
import { frame } from '../lib/raw_socket.mjs';
import { Witnesses } from './witnesses.mjs';

const mutations = setting('mutations', 3000);
const seed = seedSetting();
let server;
before(async () => { server = await startServer(); });
after(async () => {
  assert.ok(server?.alive(), `the server did not survive:\n${server?.log}`);
  await server.stop();
});

test(`${mutations} wounded updates, seed ${seed}`, { timeout: 300000 }, async (t) => {
  t.diagnostic(`seed ${seed}: node tests/hostile/updates.test.mjs --mutations ${mutations} --seed ${seed}`);
  const random = new Prng(seed);
  const honest = honestUpdates(random);
  const witnesses = await Witnesses.start(t, server, 'wounded');
  const offender = new Offender(server, 'wounded');
  const mirror = new Y.Doc();
  for (let i = 0; i < mutations; i++) {
    const update = random.chance(0.02) ? random.pick(honest) : wounded(random.pick(honest), random);
    const taken = await offender.send(updateMessage(update, random.chance(0.5) ? 1 : 2), `mutation ${i}: ${update.toString('hex')}`);
    if (!taken) continue;
    // What the server passes on, every Yjs client must be able to read.
    try {
      Y.applyUpdate(mirror, update);
    } catch (error) {
      throw new Error(`mutation ${i} was passed on and breaks Yjs clients (${error.message}): ${update.toString('hex')}`);
    }
  }
  offender.close();
  const seen = await witnesses.finish({ forged: true });
  // A server made of Yjs would have given a newcomer the same.
  const reference = new Y.Doc();
  Y.applyUpdate(reference, Y.encodeStateAsUpdate(mirror));
  assert.deepEqual(foreignClocks(seen.state, witnesses), foreignClocks(reference, witnesses));
  t.diagnostic(`${offender.refused} refused for ${offender.reasons.size} different reasons, ${offender.accepted} harmless; ` +
    `witnesses made ${seen.edits} edits, the slowest took ${seen.worst_ms.toFixed(0)} ms`);
  assert.ok(offender.refused > mutations / 4);
  assert.ok(offender.accepted > mutations / 100);
});

function foreignClocks(doc, witnesses) {
  const own = witnesses.clients.map((client) => client.doc.clientID);
  return [...Y.decodeStateVector(Y.encodeStateVector(doc))].filter(([client]) => !own.includes(client)).sort();
}

test('crafted updates', { timeout: 120000 }, async (t) => {
  const witnesses = await Witnesses.start(t, server, 'crafted');
  const log = (line) => t.diagnostic(line.slice(0, 160));
  for (const { what, update, harmless } of crafted()) {
    if (harmless) {
      // Well-formed, if odd: Yjs takes it, so we do, or else say why not.
      const offender = new Offender(server, 'crafted');
      const taken = await offender.send(updateMessage(update), what);
      log(`${what}: ${taken ? 'taken' : [...offender.reasons.keys()][0]}`);
      if (taken) Y.applyUpdate(new Y.Doc(), update);
      offender.close();
    } else {
      await expectRefusal({ server, room: 'crafted', what, bytes: frame({ payload: updateMessage(update) }), log });
    }
  }
  await witnesses.finish();
});

// Thousands of types inside each other, then the outermost deleted: whatever walks them must not use the stack.
test('types nested 50,000 deep, and deleted', { timeout: 60000 }, async (t) => {
  const depth = 50000;
  const client = 77;
  const witnesses = await Witnesses.start(t, server, 'elsewhere');
  const offender = new Offender(server, 'deep');
  await offender.send(updateMessage(nestedTypes(client, depth)), 'nesting');
  await offender.send(updateMessage(deletionOf(client, 0, 1)), 'deletion');
  await offender.send(updateMessage(deletionOf(client, 0, depth)), 'deletion of all');
  offender.close();
  await witnesses.finish();
});
