// npm yjs 13 and @y/y 14: one library in two generations, which differ in how a type is asked for and written to.
import { createRequire } from 'node:module';

import { version } from './version.mjs';

// What 13 and 14 call differently.
const dialects = {
  yjs: {
    text: (doc) => doc.getText('text'),
    array: (doc) => doc.getArray('array'),
    map: (doc) => doc.getMap('map'),
    set: (doc, key, value) => doc.getMap('map').set(key, value),
  },
  '@y/y': {
    text: (doc) => doc.get('text'),
    array: (doc) => doc.get('array'),
    map: (doc) => doc.get('map'),
    set: (doc, key, value) => doc.get('map').setAttr(key, value),
  },
};

// `build`: 'import' or 'require'. V8 runs yjs from its ES modules up to three times as fast as from its CommonJS files.
export async function peer(name, build) {
  const Y = build === 'require' ? createRequire(import.meta.url)(name) : await import(name);
  const dialect = dialects[name];

  class Replica {
    constructor(client) {
      this.doc = new Y.Doc();
      if (client !== undefined) this.doc.clientID = client;
    }

    // One transaction.
    edit(edits) {
      this.doc.transact(() => {
        for (const [kind, at, what, inserted] of edits) {
          if (kind === 'text') {
            const text = dialect.text(this.doc);
            if (what > 0) text.delete(at, what);
            if (inserted) text.insert(at, inserted);
          } else if (kind === 'array') {
            dialect.array(this.doc).insert(at, what);
          } else {
            dialect.set(this.doc, at, what);
          }
        }
      });
    }
    onUpdate(listener) { this.doc.on('update', listener); }
    apply(update) { Y.applyUpdate(this.doc, update); }
    text() { return dialect.text(this.doc).toString(); }
    read() { return [this.text(), dialect.array(this.doc).toJSON(), dialect.map(this.doc).toJSON()]; }
    vector() { return Y.encodeStateVector(this.doc); }

    decode = { v1: (state) => Y.applyUpdate(this.doc, state), v2: (state) => Y.applyUpdateV2(this.doc, state) };
    encode = { v1: () => Y.encodeStateAsUpdate(this.doc), v2: () => Y.encodeStateAsUpdateV2(this.doc) };
    diff(vector) { return Y.encodeStateAsUpdate(this.doc, vector); }
    free() {}
  }

  // A tree of 64 ways: merging takes both generations more than linear time in the number of updates.
  function merge(updates) {
    while (updates.length > 1) {
      const merged = [];
      for (let i = 0; i < updates.length; i += 64) merged.push(Y.mergeUpdates(updates.slice(i, i + 64)));
      updates = merged;
    }
    return updates[0];
  }
  return {
    version: version(name), format: 'yjs', Replica,
    merge: (updates) => (updates.length > 4000 ? merge(updates) : Y.mergeUpdates(updates)),
  };
}
