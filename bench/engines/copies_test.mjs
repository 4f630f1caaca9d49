// A document made of copies is, byte for byte, what Yjs writes when the text is typed that often.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as Y from 'yjs';

import { copies } from './copies.mjs';
import { clients } from './fixtures.mjs';
import { generatedTrace } from './traces.mjs';

// Deleting the first character first makes a deleted item stand before everything visible.
const beginnings = {
  'a text': [],
  'a text whose first character is deleted': [['text', 0, 0, 'x'], ['text', 0, 1, '']],
};
for (const [name, before] of Object.entries(beginnings)) {
  test(name, () => {
    const edits = [...before, ...generatedTrace(2000).transactions.map(({ edits: [edit] }) => edit)];
    const doc = new Y.Doc();
    [doc.clientID] = clients(1);
    const text = doc.getText('text');
    const type = () => edits.forEach(([, at, deleted, inserted]) => doc.transact(() => {
      if (deleted > 0) text.delete(at, deleted);
      if (inserted) text.insert(at, inserted);
    }));
    type();
    const one = Y.encodeStateAsUpdate(doc);
    const vector = Y.encodeStateVector(doc);
    for (let times = 2; times <= 3; times++) {
      type();
      const made = copies(Y, one, vector, times);
      assert.deepEqual(Buffer.from(made.state), Buffer.from(Y.encodeStateAsUpdate(doc)));
      assert.deepEqual(Buffer.from(made.vector), Buffer.from(Y.encodeStateVector(doc)));
    }
  });
}
