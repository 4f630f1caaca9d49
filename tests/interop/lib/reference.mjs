// The reference: a Y.Doc that is only ever given updates, as y-websocket's server does. Asking it for a root by name
// would change what it does from then on (a Y.Text cleans up formatting), so roots are read through detached views; `texts`
// of a step are asked for, on purpose.
import * as Y from 'yjs';

// JSON has no bigint and JSON.stringify throws on one; the engine writes its digits, as a number.
BigInt.prototype.toJSON = function toJSON() { return `bigint#${this}#`; };
export const stringify = (value) => JSON.stringify(value).replace(/"bigint#(-?\d+)#"/g, '$1');

const makers = {
  array: () => new Y.Array(), map: () => new Y.Map(), text: () => new Y.Text(), xmltext: () => new Y.XmlText(),
  fragment: () => new Y.XmlFragment(), element: () => new Y.XmlElement(), hook: () => new Y.XmlHook('hook'),
};

function view(doc, root, kind) {
  const seen = makers[kind]();
  const type = doc.share.get(root);
  seen.doc = doc;
  if (type) {
    seen._start = type._start;
    seen._map = type._map;
    seen._length = type._length;
  }
  return seen;
}

// What a reader sees: `read` is ['json', root, kind], ['delta', root] or ['text', root].
export function readRoot(doc, [how, root, kind]) {
  if (how === 'json') return stringify(view(doc, root, kind).toJSON());
  if (how === 'delta') return stringify(view(doc, root, 'text').toDelta());
  return view(doc, root, 'text').toString();
}

// The same reading with the keys of every object in alphabetical order: in Yjs that order is the document's own history, and
// two documents with one content may differ in it.
export function sorted(text, [how]) {
  if (how === 'text') return text;
  return JSON.stringify(JSON.parse(text), (_key, value) => (value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.keys(value).sort().map((key) => [key, value[key]])) : value));
}

export const base64 = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
export const bytesOf = (text) => new Uint8Array(Buffer.from(text, 'base64'));

export class Reference {
  #emitted = [];
  #seen = new Map();  // root -> what it read as since it last changed
  #state = null;      // the encoded state since the document and what waits last changed
  #cut = false;       // a transaction cut items: inside a surrogate pair that alters a text, and is no change to Yjs

  // `remembers`: what a root read as, and the encoded state, count until Yjs says that something changed. Not so when updates
  // contradict themselves: a struct that is known already may cut a surrogate pair in two, which is no change to Yjs.
  constructor({ gc, remembers = true }) {
    this.remembers = remembers;
    this.doc = new Y.Doc({ gc });
    this.doc.clientID = 4294967291;  // never in a state: a server writes nothing but deletions
    this.doc.on('update', (update) => this.#emitted.push(update));
    this.doc.on('afterTransaction', (transaction) => {
      for (const type of transaction.changed.keys()) this.#seen.delete(rootOf(type));
      if (transaction._mergeStructs.length === 0) return;
      this.#seen.clear();
      this.#cut = true;
    });
  }

  // Applies one update and answers what the engine must answer.
  step({ update, reads, diffs = [], v = 1, check = false, texts = [] }) {
    for (const name of texts) this.doc.get(name, name === 'xmltext' ? Y.XmlText : Y.Text);
    this.#emitted = [];
    this.#cut = false;
    const { store } = this.doc;
    const waiting = [store.pendingStructs?.update, store.pendingDs];
    if (v === 2) Y.applyUpdateV2(this.doc, update);
    else Y.applyUpdate(this.doc, update);
    if (!this.remembers || this.#cut || this.#emitted.length > 0 || waiting[0] !== store.pendingStructs?.update || waiting[1] !== store.pendingDs) this.#state = null;
    const { doc } = this;
    return {
      updates: this.#emitted.map(base64),
      ...this.observe(reads, diffs),
      ...(check ? { state_v2: base64(Y.encodeStateAsUpdateV2(doc)), diffs_v2: diffs.map((sv) => base64(Y.encodeStateAsUpdateV2(doc, sv))) } : {}),
    };
  }

  observe(reads, diffs) {
    const { doc } = this;
    return {
      sv: base64(Y.encodeStateVector(doc)),
      state: this.#state ??= base64(Y.encodeStateAsUpdate(doc)),
      has_pending: doc.store.pendingStructs !== null || doc.store.pendingDs !== null,
      values: reads.map((read) => this.#read(read)),
      diffs: diffs.map((sv) => base64(Y.encodeStateAsUpdate(doc, sv))),
      roots: [...doc.share].filter(([, type]) => type._start !== null || type._map.size > 0).map(([name]) => name),
    };
  }

  // Reading everything after every step is most of the reference's work, and most steps change one root.
  #read(read) {
    const type = this.doc.share.get(read[1]);
    if (!type || !this.remembers) return readRoot(this.doc, read);
    if (!this.#seen.has(type)) this.#seen.set(type, new Map());
    const seen = this.#seen.get(type);
    const key = `${read[0]} ${read[2]}`;
    if (!seen.has(key)) seen.set(key, readRoot(this.doc, read));
    return seen.get(key);
  }

  get emitted() { return this.#emitted; }
}

function rootOf(type) {
  while (type._item !== null) type = type._item.parent;
  return type;
}
