// One run: some clients edit, a bad network carries their updates, and a server gets what arrives.
//
// The server is `host`: { doc, deliver(update, note, diffs) -> updates it emitted }. Everything else follows from the seed.
import * as Y from 'yjs';
import { openRoots, randomEdit } from './edits.mjs';
import * as modern from './modern.mjs';
import { Prng } from './prng.mjs';

const bigIds = [2 ** 53 - 1, 2 ** 53 - 2, 2 ** 32, 2 ** 40 + 1, 2 ** 31];

export class Script {
  constructor(seed, steps) {
    const rng = this.rng = new Prng(seed);
    this.steps = steps;
    this.mode = { gc: !rng.chance(0.1), forward: rng.chance(0.25) };  // of the documents on the server
    this.options = {
      pairs: rng.chance(0.5),     // surrogate pairs and their halves: cutting one makes Yjs peers differ (yjs#248, #303)
      formats: rng.chance(0.7),
      json: rng.chance(0.4),
      large: rng.chance(0.1) ? 0.02 : 0.001,  // how often a string or list is long
      textMax: 30,
      listMax: 6,
    };
    this.lossy = rng.chance(0.8);
    this.mode.v2 = rng.chance(0.1);
    // When the server asks for texts by name, and so begins to clean up their formatting: a third of the servers never do.
    this.mode.texts = rng.pick([null, { from: 0, names: ['text', 'notes', 'xmltext'] }, { from: rng.between(0, 40), names: rng.pick([['text'], ['mixed', 'xmltext'], ['notes', 'text']]) }]);
    this.ends = false;
  }

  start(host) {
    this.host = host;
    const { rng } = this;
    this.clients = [];
    for (let n = rng.between(3, 5); n > 0; n--) this.clients.push(this.#newClient());
    if (rng.chance(0.15)) this.clients.push(this.#newClient(true));
    this.delivered = [];      // what the server has seen, for duplicates
    this.vectors = [];        // state vectors of the server's past, for stale answers
  }

  #newClient(isModern = false) {
    const { rng } = this;
    const index = this.clients.length;
    const client = { index, outbox: [], inbox: [], isModern, Y: isModern ? modern.api : Y };
    if (isModern) {
      Object.assign(client, modern.openDocument());
    } else {
      client.doc = new Y.Doc({ gc: !rng.chance(0.15) });
      client.roots = openRoots(client.doc, index);
    }
    const { doc } = client;
    doc.clientID = rng.pickWeighted([[3, index + 1], [4, rng.u32()], [1, bigIds[index] ?? 2 ** 33]]);
    if (!isModern && rng.chance(0.5)) {
      client.undo = new Y.UndoManager(client.roots, { captureTimeout: 1e12 });
    }
    doc.on('update', (update, origin) => {
      if (origin === 'network') return;
      client.outbox.push(update);
      for (const peer of this.clients) if (peer !== client && rng.chance(0.2)) peer.inbox.push(update);
    });
    return client;
  }

  // Runs to the end; each delivery to the server is one step.
  run() {
    let left = this.steps;
    while (left > 0) {
      const client = this.rng.pick(this.clients);
      if (this.rng.chance(0.6)) this.#edit(client);
      if (this.rng.chance(0.5)) this.#receive(this.rng.pick(this.clients));
      left -= this.#send(this.rng.pick(this.clients));
    }
    this.#converge();
  }

  #edit(client) {
    const { rng } = this;
    if (client.isModern) return modern.randomEdit(rng, client, this.options);
    if (client.undo && rng.chance(0.12)) {
      if (rng.chance(0.3)) client.undo.stopCapturing();
      return rng.chance(0.6) ? client.undo.undo() : client.undo.redo();
    }
    if (client.undo && rng.chance(0.3)) client.undo.stopCapturing();
    const count = rng.chance(0.01) ? rng.between(20, 60) : rng.pick([1, 1, 1, 1, 2, 3]);
    client.doc.transact(() => { for (let n = count; n > 0; n--) randomEdit(rng, client, this.options); });
  }

  // One message, or several as one, from the client to the server. Returns how many deliveries that made.
  #send(client) {
    const { rng } = this;
    const { outbox } = client;
    if (!this.lossy) return outbox.length > 0 ? this.#deliver(client, outbox.shift(), 'in order') : 0;
    const action = rng.pickWeighted([
      [60, 'in order'], [8, 'any order'], [4, 'again'], [3, 'twice'], [2, 'lost'], [6, 'merged'], [3, 'merged peers'], [8, 'sync'],
      [1, 'stale sync'], [1, 'from v2'], [1, 'diffed'], [1, 'echo'],
    ]);
    const some = () => Array.from({ length: rng.between(2, 6) }, () => take(rng, outbox)).filter(Boolean);
    if (action === 'sync') return this.#deliver(client, client.Y.encodeStateAsUpdate(client.doc, Y.encodeStateVector(this.host.doc)), action);
    if (action === 'stale sync') return this.#deliver(client, client.Y.encodeStateAsUpdate(client.doc, this.#staleVector()), action);
    if (action === 'again' && this.delivered.length > 0) return this.#deliver(client, rng.pick(this.delivered), action);
    if (action === 'echo') return this.#deliver(client, Y.encodeStateAsUpdate(this.host.doc), action);
    if (action === 'from v2') return this.#deliver(client, Y.convertUpdateFormatV2ToV1(client.Y.encodeStateAsUpdateV2(client.doc)), action);
    if (action === 'merged peers') {
      const updates = this.clients.flatMap((one) => take(rng, one.outbox) ?? []);
      return updates.length > 0 ? this.#deliver(client, Y.mergeUpdates(updates), action) : 0;
    }
    if (outbox.length === 0) return 0;
    switch (action) {
      case 'any order': return this.#deliver(client, take(rng, outbox), action);
      case 'twice': return this.#deliver(client, outbox[0], action);
      case 'lost': take(rng, outbox); return 0;
      case 'merged': return this.#deliver(client, Y.mergeUpdates(some()), action);
      case 'diffed': return this.#deliver(client, Y.diffUpdate(Y.mergeUpdates(some()), this.#staleVector()), action);
      default: return this.#deliver(client, outbox.shift(), 'in order');
    }
  }

  #staleVector() {
    return this.vectors.length > 0 && this.rng.chance(0.7) ? this.rng.pick(this.vectors) : Y.encodeStateVector(new Map());
  }

  #deliver(client, update, note) {
    const { rng, host } = this;
    const other = rng.pick(this.clients);
    const diffs = rng.chance(0.25) ? [other.Y.encodeStateVector(other.doc), this.#staleVector()] : [];
    for (const emitted of host.deliver(update, `${note} from ${client.doc.clientID}`, diffs)) {
      for (const peer of this.clients) if (peer !== client) peer.inbox.push(emitted);
    }
    if (rng.chance(0.3)) keep(rng, this.delivered, update);
    if (rng.chance(0.1)) keep(rng, this.vectors, Y.encodeStateVector(host.doc));
    return 1;
  }

  #receive(client) {
    const { rng, host } = this;
    const { inbox, doc } = client;
    const apply = (update) => client.Y.applyUpdate(doc, update, 'network');
    if (rng.chance(this.lossy ? 0.06 : 0.02)) {
      apply(Y.encodeStateAsUpdate(host.doc, client.Y.encodeStateVector(doc)));
      inbox.length = 0;
    } else if (inbox.length > 0) {
      const action = this.lossy ? rng.below(20) : 0;
      if (action === 17) take(rng, inbox);
      else if (action === 18) apply(take(rng, inbox));
      else if (action === 19) apply(Y.mergeUpdates(inbox.splice(0)));
      else for (let n = rng.between(1, 4); n > 0 && inbox.length > 0; n--) apply(inbox.shift());
    }
  }

  // Everything that anybody knows reaches everybody, in both directions, until nobody has news. A typed client answers
  // with clean-ups of its own, hence the rounds.
  #converge() {
    const { host } = this;
    for (let round = 0; round < 20; round++) {
      const before = Buffer.from(Y.encodeStateAsUpdate(host.doc));
      for (const client of this.clients) {
        this.#deliver(client, client.Y.encodeStateAsUpdate(client.doc, Y.encodeStateVector(host.doc)), 'closing sync');
      }
      for (const client of this.clients) {
        client.inbox.length = client.outbox.length = 0;
        client.Y.applyUpdate(client.doc, Y.encodeStateAsUpdate(host.doc, client.Y.encodeStateVector(client.doc)), 'network');
      }
      if (before.equals(Buffer.from(Y.encodeStateAsUpdate(host.doc)))) {
        this.ends = true;
        return;
      }
    }
    throw new Error(`seed ${this.seed}: the peers did not come to rest`);
  }
}

// Removes a random element.
function take(rng, list) {
  return list.length > 0 ? list.splice(rng.below(list.length), 1)[0] : undefined;
}

// Keeps a bounded random selection.
function keep(rng, list, element) {
  if (list.length < 30) list.push(element);
  else list[rng.below(list.length)] = element;
}
