// One random edit of a typed client document, at a random place in its tree of shared types.
import * as Y from 'yjs';
import {
  keys, randomAny, randomAttributes, randomBytes, randomJson, randomList, randomString, randomSubdoc, randomValue, randomXmlAttribute,
  randomXmlChild, typeMakers, wellFormedString,
} from './values.mjs';

// The roots of every document of a run and how a reader may read them. Clients disagree about what `mixed` is.
export const roots = [
  { name: 'text', type: Y.Text, kinds: ['text'], delta: true },
  { name: 'notes', type: Y.Text, kinds: ['text'], delta: true },
  { name: 'array', type: Y.Array, kinds: ['array'] },
  { name: 'map', type: Y.Map, kinds: ['map'] },
  { name: 'fragment', type: Y.XmlFragment, kinds: ['fragment'] },
  { name: 'element', type: Y.XmlElement, kinds: ['element'] },
  { name: 'xmltext', type: Y.XmlText, kinds: ['xmltext', 'map'], delta: true },
  { name: 'mixed', type: null, kinds: ['array', 'map', 'text'], delta: true },
];

export function openRoots(doc, index) {
  return roots.map(({ name, type }) => doc.get(name, type ?? [Y.Array, Y.Map, Y.Text][index % 3]));
}

function childrenOf(type) {
  const out = [];
  for (let item = type._start; item !== null; item = item.right) {
    if (!item.deleted && item.content instanceof Y.ContentType) out.push(item.content.type);
  }
  type._map.forEach((item) => {
    if (!item.deleted && item.content instanceof Y.ContentType) out.push(item.content.type);
  });
  return out;
}

function randomType(rng, client) {
  let type = rng.pick(client.roots);
  for (let depth = 0; depth < 5 && rng.chance(0.55); depth++) {
    const children = childrenOf(type);
    if (children.length === 0) break;
    type = rng.pick(children);
  }
  return type;
}

export function randomEdit(rng, client, options) {
  const type = randomType(rng, client);
  if (type instanceof Y.Text) return editText(rng, type, options);
  if (type instanceof Y.Array) return editArray(rng, type, options);
  if (type instanceof Y.Map) return editMap(rng, type, options);
  return editXml(rng, type, options);
}

function editText(rng, type, options) {
  const length = type.length;
  const index = rng.chance(0.3) ? length : rng.between(0, length);
  const span = Math.min(length - index, rng.between(1, rng.chance(0.1) ? 40 : 4));
  const full = length > options.textMax;
  const action = rng.pickWeighted([
    [full ? 1 : 8, 'insert'], [4, 'type'], [full ? 8 : 3, 'delete'], [options.formats ? 4 : 0, 'format'], [options.formats ? 2 : 0, 'styled'],
    [1, 'embed'], [1, 'nested'], [options.formats ? 2 : 1, 'delta'], [0.5, 'attribute'], [options.json ? 0.3 : 0, 'json'],
  ]);
  switch (action) {
    case 'insert': return type.insert(index, randomString(rng, options));
    case 'type': {  // as a person does: one character at a time, behind the last one
      let at = index;
      for (let n = rng.between(1, 4); n > 0; n--) type.insert(at++, rng.pick(['t', 'y', 'p', 'e', 'ü']));
      return;
    }
    case 'styled': return type.insert(index, randomString(rng, options), randomAttributes(rng));
    case 'delete': return type.delete(index, span);
    case 'format': return type.format(index, span, randomAttributes(rng));
    case 'embed': return type.insertEmbed(index, { image: wellFormedString(rng, options), n: randomJson(rng, options) }, rng.chance(0.3) ? randomAttributes(rng) : {});
    case 'nested': return type.insertEmbed(index, typeMakers[rng.pick(Object.keys(typeMakers))](rng, options, 1), rng.chance(0.3) ? randomAttributes(rng) : {});
    case 'attribute': return rng.chance(0.7) ? type.setAttribute(rng.pick(keys), randomXmlAttribute(rng, options)) : type.removeAttribute(rng.pick(keys));
    case 'json': return insertLegacyJson(rng, type, options);
    default: return type.applyDelta(randomDelta(rng, length, options), { sanitize: rng.chance(0.5) });
  }
}

function randomDelta(rng, length, options) {
  const delta = [];
  let rest = length;
  for (let n = rng.between(1, 4); n > 0; n--) {
    const attributes = options.formats && rng.chance(0.4) ? { attributes: randomAttributes(rng) } : {};
    const span = rng.between(1, 6);
    if (rest >= span && rng.chance(0.6)) {
      delta.push(rng.chance(0.4) ? { delete: span } : { retain: span, ...attributes });
      rest -= span;
    } else {
      delta.push({ insert: rng.chance(0.15) ? { embed: randomJson(rng, options) } : randomString(rng, options, 3), ...attributes });
    }
  }
  return delta;
}

function editArray(rng, type, options) {
  const length = type.length;
  const index = rng.between(0, length);
  const full = length > options.listMax;
  switch (rng.pickWeighted([[full ? 1 : 6, 'insert'], [full ? 8 : 3, 'delete'], [full ? 0 : 1, 'push'], [options.json ? 1 : 0, 'json'], [1, 'subdoc']])) {
    case 'insert': return type.insert(index, randomList(rng, options, 0));
    case 'push': return rng.chance(0.5) ? type.push(randomList(rng, options, 0)) : type.unshift(randomList(rng, options, 0));
    case 'delete': return length > 0 ? type.delete(Math.min(index, length - 1), Math.min(length - Math.min(index, length - 1), rng.between(1, 5))) : undefined;
    case 'subdoc': return type.insert(index, [randomSubdoc(rng, options), randomBytes(rng)]);
    default: return insertLegacyJson(rng, type, options);
  }
}

function editMap(rng, type, options) {
  const key = rng.pick(keys);
  switch (rng.pickWeighted([[8, 'set'], [2, 'delete'], [0.2, 'clear'], [options.json ? 0.5 : 0, 'json']])) {
    case 'set': {  // half of the time with something deep, so that overwriting deletes whole trees
      type.set(key, rng.chance(0.2) ? typeMakers[rng.pick(Object.keys(typeMakers))](rng, options, 0) : randomValue(rng, options));
      if (rng.chance(0.2)) type.set(key, randomAny(rng, options));
      return;
    }
    case 'delete': return type.delete(key);
    case 'clear': return type.clear();
    default: return setLegacyJson(rng, type, key, options);
  }
}

function editXml(rng, type, options) {
  const length = type.length;
  const index = rng.between(0, length);
  const attributes = type instanceof Y.XmlElement;
  const full = length > options.listMax;
  switch (rng.pickWeighted([[full ? 1 : 5, 'insert'], [full ? 6 : 2, 'delete'], [attributes ? 3 : 0, 'set'], [attributes ? 1 : 0, 'remove']])) {
    case 'insert': return type.insert(index, Array.from({ length: rng.between(1, 2) }, () => randomXmlChild(rng, options)));
    case 'delete': return length > 0 ? type.delete(Math.min(index, length - 1), Math.min(length - Math.min(index, length - 1), rng.between(1, 2))) : undefined;
    case 'set': return type.setAttribute(rng.pick(keys), rng.chance(0.05) ? new Y.Text('attribute') : randomXmlAttribute(rng, options));
    default: return type.removeAttribute(rng.pick(keys));
  }
}

// Content of Yjs before 13, which no method writes any more: the item is made by hand.
function insertLegacyJson(rng, type, options) {
  let left = null;
  for (let n = rng.below(6), item = type._start; n > 0 && item !== null; n--, item = item.right) left = item;
  integrate(type, left, left === null ? type._start : left.right, null, legacyContent(rng, options, rng.between(1, 3)));
}

function setLegacyJson(rng, type, key, options) {
  integrate(type, type._map.get(key) ?? null, null, key, legacyContent(rng, options, 1));
}

const legacyContent = (rng, options, count) =>
  new Y.ContentJSON(Array.from({ length: count }, () => (rng.chance(0.1) ? undefined : randomJson(rng, options))));

function integrate(type, left, right, key, content) {
  type.doc.transact((transaction) => {
    const { doc } = transaction;
    const id = Y.createID(doc.clientID, Y.getState(doc.store, doc.clientID));
    new Y.Item(id, left, left && left.lastId, right, right && right.id, type, key, content).integrate(transaction, 0);
    type._searchMarker?.splice(0);  // an insertion behind the type's back moves every index it remembers
  });
}
