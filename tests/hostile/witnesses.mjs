// Two honest people in the room that is under attack: they go on editing, and must not notice anything.
import assert from 'node:assert/strict';
import { sleep } from '../lib/arguments.mjs';
import { Client, converge, freshClient } from '../lib/client.mjs';

export class Witnesses {
  latencies = [];   // milliseconds from one's edit to its arrival at the other
  edits = 0;

  // `t` is the test's context: whatever happens, the witnesses leave when the test ends.
  static async start(t, server, room, pace_ms = 15) {
    const witnesses = new Witnesses();
    t.after(() => witnesses.leave());
    witnesses.server = server;
    witnesses.room = room;
    const url = () => server.room(room, 'acks=1');
    witnesses.clients = [0, 1].map(() => new Client({ url, awareness: true }));
    await Promise.all(witnesses.clients.map((client) => client.synced()));
    witnesses.editing = witnesses.edit(pace_ms);
    witnesses.editing.catch(() => {});  // finish() reports it
    return witnesses;
  }

  async edit(pace_ms) {
    for (let turn = 0; !this.done; turn++) {
      const [writer, reader] = turn % 2 === 0 ? this.clients : [...this.clients].reverse();
      const text = writer.doc.getText('witness text');
      const begin = performance.now();
      text.insert(text.length, `word ${turn} `);
      if (text.length > 500) text.delete(0, 250);
      writer.doc.getMap('witness turns').set('turn', turn);
      writer.awareness.setLocalStateField('turn', turn);
      this.edits += 1;
      await reader.until(() => reader.doc.getMap('witness turns').get('turn') === turn, `witness edit ${turn} arrives`);
      this.latencies.push(performance.now() - begin);
      await sleep(pace_ms);
    }
  }

  leave() {
    this.done = true;
    for (const client of this.clients ?? []) client.close();
  }

  // Ends the editing; throws if anything was noticed. `forged`: others have written different things under one id,
  // and in what order Yjs meets those decides which of them wins; so only what is the witnesses' own is compared.
  async finish({ latency_max_ms = 2000, forged = false } = {}) {
    this.done = true;
    await this.editing;
    await Promise.all(this.clients.map((client) => client.saved()));
    const docs = this.clients.map((client) => client.doc);
    await converge(docs);
    const newcomer = await freshClient(this.server.room(this.room, 'acks=1'));
    assert.equal(newcomer.doc.getText('witness text').toString(), docs[0].getText('witness text').toString());
    assert.deepEqual(newcomer.doc.getMap('witness turns').toJSON(), docs[0].getMap('witness turns').toJSON());
    if (!forged) await converge([...docs, newcomer.doc]);
    const state = newcomer.doc;
    newcomer.close();
    for (const client of this.clients) {
      assert.deepEqual(client.closes, [], 'a witness was disconnected');
      assert.equal(client.connections, 1);
    }
    this.leave();
    assert.ok(this.edits > 0);
    const worst = Math.max(...this.latencies);
    assert.ok(worst < latency_max_ms, `an edit of a witness took ${worst.toFixed(0)} ms to arrive`);
    return { edits: this.edits, worst_ms: worst, state };
  }
}
