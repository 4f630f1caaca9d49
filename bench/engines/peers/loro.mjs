// loro-crdt, through its WebAssembly build. Its two encodings stand where the others have v1 and v2: v1 is the snapshot,
// whose history is not expanded until somebody needs it, v2 the list of all updates.
import { createRequire } from 'node:module';

import { version } from './version.mjs';

const require = createRequire(import.meta.url);

export async function peer() {
  const { LoroDoc, VersionVector } = require('loro-crdt');

  class Replica {
    constructor(client) {
      this.doc = new LoroDoc();
      if (client !== undefined) this.doc.setPeerId(BigInt(client));
    }

    edit(edits) {
      for (const [kind, at, what, inserted] of edits) {
        if (kind === 'text') {
          const text = this.doc.getText('text');
          if (what > 0) text.delete(at, what);
          if (inserted) text.insert(at, inserted);
        } else if (kind === 'array') {
          const list = this.doc.getList('array');
          what.forEach((value, i) => list.insert(at + i, value));
        } else {
          this.doc.getMap('map').set(at, what);
        }
      }
      this.doc.commit();
    }
    // Loro tells of local updates only; what comes in is passed on as it came.
    onUpdate(listener) { this.doc.subscribeLocalUpdates(listener); }
    apply(update) { this.doc.import(update); }
    applyAll(updates) { this.doc.importBatch(updates); }
    text() { return this.doc.getText('text').toString(); }
    read() { return [this.text(), this.doc.getList('array').toJSON(), this.doc.getMap('map').toJSON()]; }
    vector() { return this.doc.oplogVersion().encode(); }

    decode = { v1: (state) => this.doc.import(state), v2: (state) => this.doc.import(state) };
    encode = { v1: () => this.doc.export({ mode: 'snapshot' }), v2: () => this.doc.export({ mode: 'update' }) };
    diff(vector) { return this.doc.export({ mode: 'update', from: VersionVector.decode(vector) }); }
    free() { this.doc.free(); }
  }
  return { version: version('loro-crdt'), format: 'loro', Replica };
}
