// Documents of 1, 10 and 50 MB: in, out to somebody who comes late, and out again after the server was killed.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { generations, setUp, stored, until, Y } from './people.mjs';

const paragraph = 'All work and no play makes Jack a dull boy, said the quick brown fox to the lazy dog. '.repeat(12);

// `bytes` of text: many small edits first, so that there is structure too, then paragraphs.
function fill(person, bytes) {
  const [text, list] = [person.doc.getText('text'), person.doc.getArray('list')];
  person.doc.transact(() => { for (let n = 0; n < 5000; n++) text.insert((n * 7919) % (text.length + 1), `${n} `); });
  let left = bytes - text.length;
  person.doc.transact(() => {
    for (let n = 0; left > 0; n++) {
      const part = bytes > 20e6 ? paragraph.repeat(100) : paragraph;
      list.push([`${n}: ${part}`]);
      left -= part.length;
    }
  });
}

// Short enough for an error message.
function fingerprint({ doc }) {
  const hash = createHash('sha256').update(doc.getText('text').toString());
  for (const one of doc.getArray('list').toArray()) hash.update(`${one.length} `).update(one);
  return `${doc.getText('text').toString().slice(0, 20)}.. ${hash.digest('hex')}`;
}

for (const [megabytes, generation] of [[1, generations[0]], [10, generations[1]], [50, generations[2]]]) {
  test(`a document of ${megabytes} MB (${generation.name})`, { timeout: 180000 }, async (t) => {
    const party = await setUp(t);
    const ada = party.join('large', generation);
    await ada.arrive();
    fill(ada, megabytes * 1e6);
    const size = Y.encodeStateAsUpdate(ada.doc).length;
    assert.ok(size >= megabytes * 1e6, `the state has ${size} bytes`);

    const bob = party.join('large', generations[3]);
    await until(() => bob.doc.getArray('list').length === ada.doc.getArray('list').length, 'the document at Bob', 60000);
    assert.equal(fingerprint(bob), fingerprint(ada));
    bob.insert(0, 'small ');
    await until(() => ada.read().startsWith('small '), 'a small edit of Bob at Ada', 30000);

    ada.provider.disconnect();
    bob.provider.disconnect();
    await stored(party.server);
    await party.crash();
    const carl = party.join('large', generation);
    await carl.arrive();
    await until(() => carl.doc.getArray('list').length === ada.doc.getArray('list').length, 'the document at Carl after the crash', 60000);
    assert.equal(fingerprint(carl), fingerprint(ada));
  });
}
