// Updates written by hand, byte by byte: what no client would send.
//
//   update([block(1, 0, item({ root: 'text' }, str('ab')))], { 1: [[0, 1]] })
const utf8 = (text) => [...Buffer.from(text, 'utf8')];

export function varUint(number) {
  const out = [];
  for (; number > 127; number = Math.floor(number / 128)) out.push((number % 128) + 128);
  return [...out, number];
}

export const varBytes = (bytes) => [...varUint(bytes.length), ...bytes];
export const varString = (text) => varBytes(utf8(text));
const id = ([client, clock]) => [...varUint(client), ...varUint(clock)];

export const gc = (length) => [0, ...varUint(length)];
export const skip = (length) => [10, ...varUint(length)];

// `at`: { origin: [client, clock], right: [client, clock] } or { root: name } or { parent: [client, clock] }, and `sub`.
export function item(at, [ref, payload]) {
  const info = ref | (at.origin ? 0x80 : 0) | (at.right ? 0x40 : 0) | (at.sub === undefined ? 0 : 0x20);
  const out = [info, ...(at.origin ? id(at.origin) : []), ...(at.right ? id(at.right) : [])];
  if (!at.origin && !at.right) {
    out.push(...(at.parent ? [0, ...id(at.parent)] : [1, ...(Array.isArray(at.root) ? varBytes(at.root) : varString(at.root))]));
    if (at.sub !== undefined) out.push(...(Array.isArray(at.sub) ? varBytes(at.sub) : varString(at.sub)));
  }
  return [...out, ...payload];
}

export const deleted = (length) => [1, varUint(length)];
export const legacyJson = (...texts) => [2, [...varUint(texts.length), ...texts.flatMap(varString)]];
export const binary = (...bytes) => [3, varBytes(bytes)];
export const str = (text) => [4, Array.isArray(text) ? varBytes(text) : varString(text)];
export const embed = (json) => [5, varString(json)];
export const format = (key, json) => [6, [...(Array.isArray(key) ? varBytes(key) : varString(key)), ...varString(json)]];
export const type = (ref, name) => [7, [...varUint(ref), ...(name === undefined ? [] : varString(name))]];
export const any = (...values) => [8, [...varUint(values.length), ...values.flat()]];
export const subdoc = (guid, options) => [9, [...(Array.isArray(guid) ? varBytes(guid) : varString(guid)), ...options]];

export const anyNull = [126];
export const anyString = (bytes) => [119, ...(Array.isArray(bytes) ? varBytes(bytes) : varString(bytes))];
export const anyNested = (depth) => [...Array.from({ length: depth }, () => [117, 1]).flat(), ...anyNull];

export const block = (client, clock, ...structs) => [...varUint(structs.length), ...varUint(client), ...varUint(clock), ...structs.flat()];

// `deletes`: [[client, [[clock, length], ..]], ..]
export const deleteSet = (deletes = []) =>
  [...varUint(deletes.length), ...deletes.flatMap(([client, ranges]) => [...varUint(client), ...varUint(ranges.length), ...ranges.flatMap(id)])];

export const update = (blocks, deletes) => Uint8Array.from([...varUint(blocks.length), ...blocks.flat(), ...deleteSet(deletes)]);

export const bytes = (hex) => new Uint8Array(Buffer.from(hex.replace(/\s/g, ''), 'hex'));
