// ywasm: yrs compiled to WebAssembly.
import { createRequire } from 'node:module';

import { version } from './version.mjs';

const require = createRequire(import.meta.url);

export async function peer() {
  const Y = require('ywasm');

  class Replica {
    constructor(client) {
      this.doc = new Y.YDoc(client === undefined ? {} : { clientID: client });
    }

    edit(edits) {
      const text = this.doc.getText('text');
      const array = this.doc.getArray('array');
      const map = this.doc.getMap('map');
      const transaction = this.doc.beginTransaction('bench');
      for (const [kind, at, what, inserted] of edits) {
        if (kind === 'text') {
          if (what > 0) text.delete(at, what, transaction);
          if (inserted) text.insert(at, inserted, undefined, transaction);
        } else if (kind === 'array') {
          array.insert(at, what, transaction);
        } else {
          map.set(at, what, transaction);
        }
      }
      transaction.free();
      text.free();
      array.free();
      map.free();
    }
    onUpdate(listener) { this.doc.onUpdate(listener); }
    apply(update) { Y.applyUpdate(this.doc, update, 'bench'); }
    text() { return this.doc.getText('text').toString(undefined); }
    read() {
      const [array, map] = [this.doc.getArray('array'), this.doc.getMap('map')];
      const values = [this.text(), array.toJson(undefined), map.toJson(undefined)];
      array.free();
      map.free();
      return values;
    }
    vector() { return Y.encodeStateVector(this.doc); }

    decode = {
      v1: (state) => Y.applyUpdate(this.doc, state, 'bench'), v2: (state) => Y.applyUpdateV2(this.doc, state, 'bench'),
    };
    encode = { v1: () => Y.encodeStateAsUpdate(this.doc), v2: () => Y.encodeStateAsUpdateV2(this.doc) };
    diff(vector) { return Y.encodeStateAsUpdate(this.doc, vector); }
    free() { this.doc.free(); }
  }
  return { version: version('ywasm'), format: 'yjs', Replica };
}
