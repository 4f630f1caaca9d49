// @automerge/automerge, through its WebAssembly build. It has one encoding of a document, which stands for v1.
import { version } from './version.mjs';

export async function peer() {
  const A = await import('@automerge/automerge');
  const actor = (number) => number.toString(16).padStart(16, '0');
  // The containers have to be made once, by one replica, for all to mean the same: every document begins with this change.
  const empty = { text: '', array: [], map: {} };
  const first = A.save(A.change(A.init(actor(0)), { time: 0 }, (doc) => Object.assign(doc, empty)));

  class Replica {
    // A replica that edits has a client; the others start empty, as what they will be given has the first change.
    constructor(client) {
      this.doc = client === undefined ? A.init() : A.load(first, actor(client));
    }

    edit(edits) {
      this.doc = A.change(this.doc, { time: 0 }, (doc) => {
        for (const [kind, at, what, inserted] of edits) {
          if (kind === 'text') A.splice(doc, ['text'], at, what, inserted);
          else if (kind === 'array') doc.array.splice(at, 0, ...what);
          else doc.map[at] = what;
        }
      });
      this.listener?.(A.getLastLocalChange(this.doc));
    }
    onUpdate(listener) { this.listener = listener; }
    apply(update) { this.doc = A.loadIncremental(this.doc, update); }
    text() { return this.doc.text; }
    read() { return A.toJS(this.doc); }
    vector() { return Buffer.from(JSON.stringify(A.getHeads(this.doc))); }

    decode = { v1: (state) => { this.doc = A.load(state); } };
    encode = { v1: () => A.save(this.doc) };
    diff(vector) { return A.saveSince(this.doc, JSON.parse(Buffer.from(vector).toString())); }
    free() { A.free(this.doc); }
  }
  return { version: version('@automerge/automerge'), format: 'automerge', first, Replica };
}
