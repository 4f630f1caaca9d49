// Random contents: strings that hurt, every `any` value, and shared types with something in them.
import * as Y from 'yjs';

const pieces = ['a', 'b', 'xyz', ' ', '\n', 'word ', 'é', 'ß', '中文', '日本語', '😀', '👩‍👩‍👧', 'e\u0301', '\u0000', '\u0001\b\f',
  '"', '\\', '\u007f', '\u2028', '\ufeff', '\uffff', '𝒳', '<b>&amp;', 'The quick brown fox '];
const singles = pieces.filter((piece) => !/\p{Surrogate}/u.test(piece) && [...piece].length === piece.length);
const halves = ['\ud83d', '\ude00', 'a\ud83d', '\ude00b'];

export const keys = ['k', 'a', 'b', '1', '2', '10', '', 'é', '😀', '\uff4b', 'toString', 'a long key with spaces', 'constructor'];
const memberNames = keys.filter((key) => key !== 'constructor');  // Yjs asks a plain object for its constructor

export function randomString(rng, options, max = 6, halved = options.pairs) {
  if (halved && rng.chance(0.08)) return rng.pick(halves);
  const from = options.pairs ? pieces : singles;
  if (rng.chance(options.large)) return rng.pick(from).repeat(rng.between(50, 400));
  let out = '';
  for (let n = rng.between(1, max); n > 0; n--) out += rng.pick(from);
  return out;
}

const numbers = [0, -0, 1, -1, 63, 64, -64, 127, 128, 2 ** 31 - 1, -(2 ** 31) + 1, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 53, -(2 ** 53),
  Number.MAX_SAFE_INTEGER, 0.5, 1.5, 0.1, -0.1, 1e21, 1e-7, 123456789.125, 5e-324, 1.7976931348623157e308, NaN, Infinity, -Infinity];

export function randomAny(rng, options, depth = 0) {
  switch (rng.below(depth > 3 ? 8 : 11)) {
    case 0: return null;
    case 1: return undefined;
    case 2: return rng.chance(0.5);
    case 3: return rng.pick(numbers);
    case 4: return rng.between(-100000, 100000) / rng.pick([1, 1, 2, 3, 8]);
    case 5: return randomString(rng, options);
    case 6: return rng.chance(0.3) ? rng.pick([0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n)]) : rng.between(0, 9);
    case 7: return depth > 0 && rng.chance(0.5) ? randomBytes(rng) : rng.pick(['', 'x']);
    case 8: return Array.from({ length: rng.below(4) }, () => randomAny(rng, options, depth + 1));
    default: return randomObject(rng, () => randomAny(rng, options, depth + 1));
  }
}

// For JSON: JSON.stringify escapes a lone surrogate, and Yjs loses it while an update waits, because what waits is kept in the
// second format, where such a string is UTF-8. The engine keeps it.
export const wellFormedString = (rng, options) => randomString(rng, options, 6, false);

// What JSON can hold: embeds, formats and ContentJSON.
export function randomJson(rng, options, depth = 0) {
  switch (rng.below(depth > 2 ? 5 : 7)) {
    case 0: return null;
    case 1: return rng.chance(0.5);
    case 2: return rng.pick(numbers.filter(Number.isFinite));
    case 3: return rng.between(-1000, 1000);
    case 4: return wellFormedString(rng, options);
    case 5: return Array.from({ length: rng.below(4) }, () => randomJson(rng, options, depth + 1));
    default: return randomObject(rng, () => randomJson(rng, options, depth + 1));
  }
}

function randomObject(rng, value) {
  const out = {};
  for (let n = rng.below(4); n > 0; n--) out[rng.pick(memberNames)] = value();
  return out;
}

export const randomBytes = (rng) => Uint8Array.from({ length: rng.below(6) }, () => rng.below(256));

const formats = {
  bold: [true, null], italic: [true, null], color: ['red', '#00f', null], size: [12, 1.5, null],
  link: [{ href: 'https://example.org/?a="b"', 1: 2 }, null], comment: [['a', { b: [] }], null], '😀': [0, null], '\uff42': ['fullwidth', null],
};

export function randomAttributes(rng) {
  const out = {};
  for (let n = rng.between(1, 2); n > 0; n--) {
    const name = rng.pick(Object.keys(formats));
    out[name] = rng.pick(formats[name]);
  }
  return out;
}

export function randomSubdoc(rng, options) {
  const settings = { guid: `sub-${rng.u32()}` };
  if (rng.chance(0.3)) settings.gc = false;
  if (rng.chance(0.3)) settings.autoLoad = true;
  if (rng.chance(0.3)) settings.meta = randomAny(rng, options, 1) ?? null;
  return new Y.Doc(settings);
}

const elementNames = ['p', 'div', 'H1', 'my-element', 'UNDEFINED'];

export const typeMakers = {
  array: (rng, options, depth) => Y.Array.from(randomList(rng, options, depth)),
  map: (rng, options, depth) => {
    const type = new Y.Map();
    for (let n = rng.below(3); n > 0; n--) type.set(rng.pick(keys), randomValue(rng, options, depth + 1));
    return type;
  },
  text: (rng, options) => fillText(new Y.Text(), rng, options),
  xmltext: (rng, options) => fillText(new Y.XmlText(), rng, options),
  fragment: (rng, options, depth) => fillXml(new Y.XmlFragment(), rng, options, depth),
  element: (rng, options, depth) => {
    const type = new Y.XmlElement(rng.pick(elementNames));
    for (let n = rng.below(3); n > 0; n--) type.setAttribute(rng.pick(keys), randomXmlAttribute(rng, options));
    return fillXml(type, rng, options, depth);
  },
  hook: (rng, options) => {
    const type = new Y.XmlHook(rng.pick(['hook', 'video']));
    if (rng.chance(0.5)) type.set(rng.pick(keys), randomAny(rng, options));
    return type;
  },
};

function fillText(type, rng, options) {
  if (rng.chance(0.7)) type.insert(0, randomString(rng, options), rng.chance(0.3) ? randomAttributes(rng) : undefined);
  return type;
}

function fillXml(type, rng, options, depth) {
  if (rng.chance(0.6)) type.insert(0, [randomXmlChild(rng, options, depth + 1)]);
  return type;
}

export function randomXmlChild(rng, options, depth = 0) {
  const kind = depth > 2 ? 'xmltext' : rng.pickWeighted([[4, 'element'], [4, 'xmltext'], [1, 'hook'], [0.5, 'fragment'], [0.5, 'map'], [0.5, 'text']]);
  return typeMakers[kind](rng, options, depth);
}

export const randomXmlAttribute = (rng, options) => rng.chance(0.7) ? randomString(rng, options, 3) : rng.pick([1, 1.5, -0, true, null, '', 1e21]);

// A value for Array or Map: mostly any, sometimes binary, a subdocument or a shared type.
export function randomValue(rng, options, depth = 0) {
  const kind = rng.below(20);
  if (kind === 0) return randomBytes(rng);
  if (kind === 1) return randomSubdoc(rng, options);
  if (kind < 6 && depth < 3) return typeMakers[rng.pick(Object.keys(typeMakers))](rng, options, depth + 1);
  const value = randomAny(rng, options);
  return value === undefined && rng.chance(0.5) ? 1 : value;
}

// Y.Array takes neither undefined nor a bigint by itself; inside another value both are fine.
export const randomList = (rng, options, depth) =>
  Array.from({ length: rng.chance(options.large) ? 100 : rng.between(1, depth > 1 ? 2 : 4) }, () => {
    const value = randomValue(rng, options, depth + 1);
    return value === undefined || typeof value === 'bigint' ? [value] : value;
  });
