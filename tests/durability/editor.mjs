// A client that edits at random and can say afterwards what of its doing a document holds.
//
// Each editor owns a queue (it appends numbers at the end and deletes from the front), a map entry (a version number
// that only grows) and tokens in a text that everybody edits. So for any document of the room the editor can tell
// whether it holds all that was done up to some moment: insertions, overwritten values and deletions.
import assert from 'node:assert/strict';
import { Client } from '../lib/client.mjs';

export class Editor {
  constructor({ name, url, random, patience }) {
    this.name = name;
    this.random = random;
    this.done = { pushed: 0, dropped: 0, version: 0, clock: 0 };
    this.client = new Client({ url, patience, note: () => ({ ...this.done }) });
    this.acknowledged = { ...this.done };  // over all connections
    const doc = this.client.doc;
    doc.on('afterTransaction', (transaction) => {
      if (transaction.origin !== this.client) this.done.clock = doc.store.clients.has(doc.clientID) ? clockOf(doc) : 0;
    });
  }

  // One user action; several Yjs operations in one transaction, or one.
  edit() {
    const { doc } = this.client;
    const { done, random } = this;
    const queue = doc.getArray(`queue ${this.name}`);
    // Before the transaction: the update is sent, with its note, when the transaction ends.
    const pushes = random.below(4);
    const drops = Math.min(random.below(3), done.pushed + pushes - done.dropped);
    const from = done.pushed;
    done.pushed += pushes;
    done.dropped += drops;
    const sets = random.chance(0.5);
    if (sets) done.version += 1;
    doc.transact(() => {
      for (let i = 0; i < pushes; i++) queue.push([from + i]);
      if (drops > 0) queue.delete(0, drops);
      if (sets) doc.getMap('versions').set(this.name, done.version);
      const text = doc.getText('text');
      if (random.chance(0.6)) text.insert(random.below(text.length + 1), `${this.name}${'~'.repeat(random.below(20))}`);
      if (random.chance(0.2) && text.length > 400) text.delete(random.below(text.length - 100), random.below(100));
    });
  }

  // Takes over what the server has called durable so far.
  noteAcknowledged() {
    const heard = this.client.acknowledged;
    if (!heard) return;
    for (const key of Object.keys(heard)) this.acknowledged[key] = Math.max(this.acknowledged[key], heard[key]);
  }

  // Throws unless `doc` holds at least `least`, and nothing that was never done.
  check(doc, least, where) {
    const queue = doc.getArray(`queue ${this.name}`).toArray();
    const version = doc.getMap('versions').get(this.name) ?? 0;
    const message = () => `${where}: ${this.name} was told ${JSON.stringify(least)}, did ${JSON.stringify(this.done)}, ` +
      `there is queue ${queue[0]}..${queue.at(-1)} (${queue.length}), version ${version}, clock ${clockOf(doc, this.client.doc.clientID)}`;
    // Deletions apply at once, insertions wait for what they build on: so of what was dropped but never acknowledged any
    // part may be gone. What was not dropped is there without a gap.
    assert.ok(queue.every((value, at) => value >= least.dropped && value < this.done.pushed && (at === 0 || value > queue[at - 1])), message());
    const kept = queue.filter((value) => value >= this.done.dropped);
    assert.ok(kept.every((value, at) => value === this.done.dropped + at), message());
    assert.ok(this.done.dropped + kept.length >= least.pushed, message());
    assert.ok(version >= least.version && version <= this.done.version, message());
    const clock = clockOf(doc, this.client.doc.clientID);
    assert.ok(clock >= least.clock && clock <= this.done.clock, message());
  }

  close() { this.client.close(); }
}

function clockOf(doc, client = doc.clientID) {
  const structs = doc.store.clients.get(client);
  const last = structs?.at(-1);
  return last ? last.id.clock + last.length : 0;
}
