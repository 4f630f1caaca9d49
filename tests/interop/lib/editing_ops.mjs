// Edits as data: made at random for a Yjs document, done to it, and sent to the engine as they are (edit_commands.h).
import * as Y from 'yjs';
import { keys, randomAny, randomAttributes, randomBytes, randomJson, randomString, randomXmlAttribute } from './values.mjs';

export const rootKinds = [
  ['text', 't'], ['text', 'rich'], ['array', 'a'], ['map', 'm'], ['fragment', 'f'], ['element', 'e'], ['xmltext', 'x'],
];

const makers = {
  text: () => new Y.Text(), array: () => new Y.Array(), map: () => new Y.Map(), fragment: () => new Y.XmlFragment(),
  element: (name) => new Y.XmlElement(name), xmltext: () => new Y.XmlText(), hook: (name) => new Y.XmlHook(name),
};
const constructors = { text: Y.Text, array: Y.Array, map: Y.Map, fragment: Y.XmlFragment, element: Y.XmlElement, xmltext: Y.XmlText };

export const openRoots = (doc) => rootKinds.map(([kind, name]) => doc.get(name, constructors[kind]));

// What JSON lacks, as JSON.
export function pack(value) {
  if (value === undefined) return { $: 'undefined' };
  if (typeof value === 'bigint') return { $: 'bigint', v: String(value) };
  if (typeof value === 'number' && (!Number.isSafeInteger(value) || Object.is(value, -0)))  // Boost.JSON rounds fractions otherwise
    return { $: 'number', v: Object.is(value, -0) ? '-0' : String(value) };
  if (value instanceof Uint8Array) return { $: 'bytes', v: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map(pack);
  if (value !== null && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, pack(member)]));
  return value;
}

export function unpack(value) {
  if (Array.isArray(value)) return value.map(unpack);
  if (value === null || typeof value !== 'object') return value;
  switch (value.$) {
    case 'undefined': return undefined;
    case 'bigint': return BigInt(value.v);
    case 'number': return Number(value.v);
    case 'bytes': return new Uint8Array(Buffer.from(value.v, 'base64'));
    default: return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, unpack(member)]));
  }
}

// --- where

function childrenOf(type) {
  const out = [];
  for (let item = type._start; item !== null; item = item.right) {
    if (!item.deleted && item.content instanceof Y.ContentType) out.push(item.content.type);
  }
  type._map.forEach((item) => { if (!item.deleted && item.content instanceof Y.ContentType) out.push(item.content.type); });
  return out;
}

export function pathOf(doc, type) {
  const path = [];
  while (type._item !== null) {
    const item = type._item;
    if (item.parentSub !== null) path.unshift(item.parentSub);
    else {
      let index = 0;
      for (let at = item.left; at !== null; at = at.left) if (!at.deleted && at.countable) index += at.length;
      path.unshift(index);
    }
    type = item.parent;
  }
  const root = rootKinds.find(([, name]) => doc.share.get(name) === type);
  return [...root, ...path];
}

export function typeAt(doc, [, name, ...path]) {
  let type = doc.share.get(name);
  for (const step of path) {
    if (typeof step === 'string') type = type._map.get(step).content.type;
    else {
      let index = 0;
      let item = type._start;
      for (; item !== null; item = item.right) {
        if (item.deleted || !item.countable) continue;
        if (index + item.length > step) break;
        index += item.length;
      }
      type = item.content.type;
    }
  }
  return type;
}

// --- random edits

export function randomEdit(rng, doc, options) {
  let type = doc.share.get(rng.pick(options.roots)[1]);
  for (let depth = 0; depth < 4 && rng.chance(0.5); depth++) {
    const children = childrenOf(type);
    if (children.length === 0) break;
    type = rng.pick(children);
  }
  const edit = (options.nested > 0 && rng.chance(0.05) && cloneOf(rng, doc, type, options)) || editOf(rng, type, options);
  return edit === null ? null : { at: pathOf(doc, type), ...edit };
}

// A copy of a small type anywhere. Of what Yjs's clone() inserts a second time instead of copying it (documents, types in texts,
// in attributes and in hooks) there are none.
function cloneOf(rng, doc, type, options) {
  if (type instanceof Y.Text || type instanceof Y.XmlElement && rng.chance(0.5)) return null;
  let source = doc.share.get(rng.pick(options.roots)[1]);
  for (let depth = 0; depth < 3; depth++) {
    const children = childrenOf(source);
    if (children.length === 0) break;
    source = rng.pick(children);
  }
  if (!cloneable(source) || JSON.stringify(pack(source.toJSON())).length > 200) return null;
  const place = type instanceof Y.Map ? { key: rng.pick(keys) } : { index: rng.between(0, type.length) };
  return { do: 'clone', from: pathOf(doc, source), ...place };
}

function cloneable(type) {
  const holds = (item, content) => !item.deleted && item.content instanceof content;
  const items = [...type._map.values()];
  if ((type instanceof Y.XmlElement || type instanceof Y.XmlHook) && items.some((item) => holds(item, Y.ContentType))) return false;
  for (let item = type._start; item !== null; item = item.right) items.push(item);
  if (type instanceof Y.Text && items.some((item) => holds(item, Y.ContentType))) return false;
  return !items.some((item) => holds(item, Y.ContentDoc)) && childrenOf(type).every(cloneable);
}

function editOf(rng, type, options) {
  if (type instanceof Y.Text) return editText(rng, type, options);
  if (type instanceof Y.Array) return editArray(rng, type, options);
  if (type instanceof Y.Map) return editMap(rng, options);
  return editXml(rng, type, options);
}

const text = (rng, options) => randomString(rng, options, 4, false);

function editText(rng, type, options) {
  const { length } = type;
  const index = rng.chance(0.3) ? length : rng.between(0, length);
  const span = Math.min(length - index, rng.between(1, rng.chance(0.1) ? 30 : 4));
  const full = length > 40;
  const formats = options.formats ? 1 : 0;
  switch (rng.pickWeighted([[full ? 1 : 8, 'insert'], [full ? 8 : 4, 'delete'], [5 * formats, 'format'], [3 * formats, 'styled'],
    [options.nested, 'embed'], [options.nested, 'nested'], [2 * formats, 'delta'], [options.nested / 2, 'attribute']])) {
    case 'insert': return { do: 'insert', index, text: text(rng, options) };
    case 'styled': return { do: 'insert', index, text: text(rng, options), attributes: rng.chance(0.1) ? {} : attributes(rng) };
    case 'delete': return span > 0 ? { do: 'delete', index, length: span } : null;
    case 'format': return length > 0 ? { do: 'format', index, length: rng.chance(0.05) ? span + 2 : Math.max(1, span), attributes: attributes(rng) } : null;
    case 'embed': return { do: 'embed', index, value: pack({ image: text(rng, options), n: json(rng, options) }), attributes: formats && rng.chance(0.4) ? attributes(rng) : {} };
    // What ends the formatting comes behind a type's content in one case, before it in the other.
    case 'nested': return { ...newType(rng, options, 1), prelim: false, index, attributes: formats && rng.chance(0.4) ? attributes(rng) : {} };
    case 'attribute': return rng.chance(0.7)
      ? { do: 'set_attribute', key: rng.pick(keys), value: pack(xmlAttribute(rng, options)) } : { do: 'remove_attribute', key: rng.pick(keys) };
    default: return { do: 'delta', delta: delta(rng, length, options), sanitize: rng.chance(0.5) };
  }
}

const xmlAttribute = (rng, options) => randomXmlAttribute(rng, { ...options, pairs: false });
const attributes = (rng) => pack(randomAttributes(rng));
const json = (rng, options) => JSON.parse(JSON.stringify(randomJson(rng, { ...options, pairs: false })) ?? 'null');

function delta(rng, length, options) {
  const out = [];
  let rest = length;
  for (let n = rng.between(1, 4); n > 0; n--) {
    const styled = rng.chance(0.4) ? { attributes: attributes(rng) } : {};
    const span = rng.between(1, 6);
    if (rest >= span && rng.chance(0.6)) {
      out.push(rng.chance(0.4) ? { delete: span } : { retain: span, ...styled });
      rest -= span;
    } else {
      out.push({ insert: rng.chance(0.15) ? pack({ embed: json(rng, options) }) : text(rng, options), ...styled });
    }
  }
  return out;
}

function editArray(rng, type, options) {
  const { length } = type;
  const index = rng.between(0, length);
  const full = length > 12;
  switch (rng.pickWeighted([[full ? 1 : 6, 'insert'], [full ? 8 : 3, 'delete'], [full ? 0 : 1, 'push'], [2 * options.nested, 'nested'], [options.nested / 3, 'doc']])) {
    case 'insert': return { do: 'values', index, values: values(rng, options) };
    case 'push': return { do: 'push', values: values(rng, options) };
    case 'nested': return { ...newType(rng, options, 0), index };
    case 'doc': return { do: 'doc', index, ...subdoc(rng, options) };
    default: return index < length ? { do: 'delete', index, length: Math.min(length - index, rng.between(1, 5)) } : null;
  }
}

function values(rng, options) {
  return Array.from({ length: rng.between(1, 4) }, () => {
    const value = rng.chance(0.2) ? randomBytes(rng) : randomAny(rng, { ...options, pairs: false }, 0);
    return value === undefined || typeof value === 'bigint' ? null : pack(value);
  });
}

const subdoc = (rng, options) => ({ guid: `sub-${rng.u32()}`, ...(rng.chance(0.3) ? { gc: false } : {}), ...(rng.chance(0.3) ? { meta: json(rng, options) } : {}) });

function editMap(rng, options) {
  const key = rng.pick(keys);
  switch (rng.pickWeighted([[8, 'set'], [2, 'remove'], [0.3, 'clear'], [3 * options.nested, 'nested'], [options.nested / 3, 'doc']])) {
    case 'set': return { do: 'set', key, value: pack(rng.chance(0.1) ? randomBytes(rng) : randomAny(rng, { ...options, pairs: false }, 0)) };
    case 'remove': return { do: 'remove', key };
    case 'nested': return { ...newType(rng, options, 0), key };
    case 'doc': return { do: 'doc', key, ...subdoc(rng, options) };
    default: return { do: 'clear' };
  }
}

function editXml(rng, type, options) {
  const { length } = type;
  const index = rng.between(0, length);
  const element = type instanceof Y.XmlElement ? 1 : 0;
  switch (rng.pickWeighted([[length > 6 ? 1 : 5, 'insert'], [2, 'after'], [length > 6 ? 6 : 2, 'delete'], [3 * element, 'set'], [element, 'remove']])) {
    case 'insert': return { ...newNode(rng, options, 0), index };
    case 'after': return { ...newNode(rng, options, 0), after: length === 0 || rng.chance(0.2) ? null : Math.min(index, length - 1) };
    case 'set': return { do: 'set_attribute', key: rng.pick(keys), value: pack(xmlAttribute(rng, options)) };
    case 'remove': return { do: 'remove_attribute', key: rng.pick(keys) };
    default: return index < length ? { do: 'delete', index, length: Math.min(length - index, rng.between(1, 2)) } : null;
  }
}

function newNode(rng, options, depth) {
  const kind = rng.pick(['element', 'element', 'xmltext', 'hook']);
  return filled(rng, options, depth, kind);
}

const newType = (rng, options, depth) => filled(rng, options, depth, rng.pick(['text', 'array', 'map', 'map', 'xmltext', 'element', 'fragment']));

// A type with something in it; `prelim`: filled before it is inserted.
function filled(rng, options, depth, kind) {
  const edit = { do: 'type', kind, prelim: rng.chance(0.5), fill: [] };
  if (kind === 'element' || kind === 'hook') edit.name = rng.pick(['p', 'DIV', 'h1']);
  const more = () => depth < 2 && rng.chance(0.3);
  if (kind === 'text' || kind === 'xmltext') {
    if (rng.chance(0.7)) edit.fill.push({ do: 'insert', index: 0, text: text(rng, options) });
    if (options.formats && rng.chance(0.3)) edit.fill.push({ do: 'delta', delta: [{ insert: 'styled', attributes: attributes(rng) }], sanitize: true });
  } else if (kind === 'array') {
    if (rng.chance(0.7)) edit.fill.push({ do: 'values', index: 0, values: values(rng, options) });
    if (more()) edit.fill.push({ ...newType(rng, options, depth + 1), index: edit.fill.length > 0 ? edit.fill[0].values.length : 0 });
  } else if (kind === 'map' || kind === 'hook') {
    const names = keys.filter(() => rng.chance(0.2));
    for (const key of names) edit.fill.push(more() ? { ...newType(rng, options, depth + 1), key } : { do: 'set', key, value: pack(randomAny(rng, { ...options, pairs: false }, 0)) });
  } else {
    if (more()) edit.fill.push({ ...newNode(rng, options, depth + 1), index: 0 });
    if (kind === 'element') for (const key of keys.filter(() => rng.chance(0.15))) edit.fill.push({ do: 'set_attribute', key, value: pack(xmlAttribute(rng, options)) });
  }
  return edit;
}

// --- doing it in Yjs

export function perform(type, edit) {
  const styles = edit.attributes === undefined ? undefined : unpack(edit.attributes);
  switch (edit.do) {
    case 'type': {
      const made = makers[edit.kind](edit.name);
      if (edit.prelim) {
        for (const inner of edit.fill) perform(made, inner);
        return place(type, edit, made, styles);
      }
      const both = () => {
        place(type, edit, made, styles);
        for (const inner of edit.fill) perform(made, inner);
      };
      return type.doc === null ? both() : type.doc.transact(both);
    }
    case 'clone': return place(type, edit, typeAt(type.doc, edit.from).clone());
    case 'doc': {
      const { guid, gc = true, meta = null } = edit;
      return place(type, edit, new Y.Doc({ guid, gc, meta: unpack(meta) }));
    }
    case 'insert': return type.insert(edit.index, edit.text, styles);
    case 'embed': return type.insertEmbed(edit.index, unpack(edit.value), styles);
    case 'delete': return type.delete(edit.index, edit.length);
    case 'format': return type.format(edit.index, edit.length, styles);
    case 'delta': return type.applyDelta(edit.delta.map((op) => unpack(op)), { sanitize: edit.sanitize });
    case 'values': return type.insert(edit.index, unpack(edit.values));
    case 'push': return type.push(unpack(edit.values));
    case 'set': return type.set(edit.key, unpack(edit.value));
    case 'remove': return type.delete(edit.key);
    case 'clear': return type.clear();
    case 'set_attribute': return type.setAttribute(edit.key, unpack(edit.value));
    case 'remove_attribute': return type.removeAttribute(edit.key);
    default: throw new Error(`no such edit: ${edit.do}`);
  }
}

function place(type, edit, made, styles) {
  if (edit.key !== undefined) return type.set(edit.key, made);
  if (edit.after !== undefined) return type.insertAfter(edit.after === null ? null : type.get(edit.after), [made]);
  if (type instanceof Y.Text) return type.insertEmbed(edit.index, made, styles);
  return type.insert(edit.index, [made]);
}
