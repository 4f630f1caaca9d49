// Hand-made updates: the worked examples of the format, and what an enemy would send.
//
//   node tests/interop/vectors.mjs [--tool PATH]
//
// Each hostile input meets a document that holds "hello" in the text root, by client 1, and a map. `refuse`: the engine
// says why, and the document is byte for byte as before. `accept`: it does what Yjs does, bytes and all. `survive`: Yjs
// corrupts itself or throws half-way; the engine may take it or refuse it, but its invariants hold. After every input an
// innocent peer's update is taken, and shows.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as Y from 'yjs';
import { difference } from './lib/compare.mjs';
import {
  any, anyNested, anyNull, anyString, binary, block, bytes, deleted, embed, format, gc, item, legacyJson, skip, str, subdoc, type, update, varUint,
} from './lib/craft.mjs';
import { EngineTool } from './lib/engine.mjs';
import { base64, Reference } from './lib/reference.mjs';
import { allReads, command } from './lib/replay.mjs';
import { updatesCase, updatesDifference } from './lib/updates.mjs';

const { values: args } = parseArgs({ options: { tool: { type: 'string' } } });

const text = { root: 'text' };
const map = (sub) => ({ root: 'map', sub });
const one = (client, clock, ...structs) => update([block(client, clock, ...structs)]);
const huge = 2 ** 31;
const repeat = (count, make) => Array.from({ length: count }, (_unused, index) => make(index));

// The document that every hostile input meets.
const base = (() => {
  const doc = new Y.Doc();
  doc.clientID = 1;
  doc.getText('text').insert(0, 'hello');         // 1:0..4
  doc.getMap('map').set('nested', new Y.Array());  // 1:5
  doc.getArray('array').insert(0, [1, 'two']);     // 1:6..7
  return Y.encodeStateAsUpdate(doc);
})();

const examples = [
  ['a map entry that is overwritten', '010201002101016d016b01a80100017d020101010001'],
  ['a text with one deletion', '010301000401017401618101000184010101610101010101'],
  ['bold "hi"', '010301000601017404626f6c64047472756584010002686986010204626f6c64046e756c6c00'],
  ['a subdocument', '010101002901016d016401677601086175746f4c6f61647800'],
  ['the empty update', '0000'],
  ['a cut surrogate pair', Buffer.from(cutPair()).toString('hex')],
];

function cutPair() {
  const doc = new Y.Doc();
  doc.clientID = 1;
  doc.getText('text').insert(0, 'a😀b');
  doc.getText('text').insert(2, 'X');
  return Y.encodeStateAsUpdate(doc);
}

const hostile = [
  // Lengths and counts.
  ['no bytes', bytes(''), 'refuse'],
  ['one byte', bytes('00'), 'refuse'],
  ['a block count of 2^31', Uint8Array.from([...varUint(huge), 0]), 'refuse'],
  ['a struct count of 2^31', Uint8Array.from([1, ...varUint(huge), 9, 0]), 'refuse'],
  ['a struct count of 2^32', Uint8Array.from([1, ...varUint(2 ** 32), 9, 0]), 'refuse'],
  ['a struct count of 2^53-1', Uint8Array.from([1, ...varUint(2 ** 53 - 1), 9, 0]), 'refuse'],
  ['a delete-set count of 2^31', Uint8Array.from([0, ...varUint(huge)]), 'refuse'],
  ['a delete-range count of 2^31', Uint8Array.from([0, 1, 1, ...varUint(huge)]), 'refuse'],
  ['a number of ten bytes', bytes('01 01 ffffffffffffffffffff00 00'), 'refuse'],
  ['a number past 2^53', bytes('01 01 8080808080808020 00 00 01 00'), 'refuse'],
  ['a string that ends behind the update', bytes('01 01 09 00 04 01 0474657874 ff7f 61 00'), 'refuse'],
  ['a binary that ends behind the update', bytes('01 01 09 00 03 01 0474657874 ff7f 61 00'), 'refuse'],
  ['2^31 any values', bytes('01 01 09 00 08 01 0474657874 8080808008 7e 00'), 'refuse'],
  ['an any array of 2^31', bytes('01 01 09 00 08 01 0474657874 01 75 8080808008 00'), 'refuse'],
  ['an any object of 2^31', bytes('01 01 09 00 08 01 0474657874 01 76 8080808008 00'), 'refuse'],
  ['bytes behind the delete set', Uint8Array.from([...one(9, 0, item(text, str('x'))), 0]), 'refuse'],

  // Zero lengths.
  ['a deleted content of length 0', one(9, 0, item(text, deleted(0))), 'refuse'],
  ['an empty string', one(9, 0, item(text, str(''))), 'refuse'],
  ['no any values', one(9, 0, item(text, any())), 'refuse'],
  ['no JSON values', one(9, 0, item(text, legacyJson())), 'refuse'],
  ['a GC of length 0', one(9, 0, gc(0)), 'refuse'],
  ['a Skip of length 0', one(9, 0, skip(0), item(text, str('x'))), 'refuse'],
  ['a deletion of length 0', update([], [[1, [[0, 0]]]]), 'refuse'],

  // Clocks.
  ['a GC up to 2^53 and an item behind', one(9, 0, gc(2 ** 53 - 1), item(text, str('x'))), 'refuse'],
  ['a clock at 2^53-1', one(9, 2 ** 53 - 1, item(text, str('x'))), 'refuse'],
  ['a deletion that ends past 2^53', update([], [[1, [[2 ** 53 - 1, 10]]]]), 'refuse'],
  ['a clock far ahead', one(9, 2 ** 31, item(text, str('x'))), 'accept'],

  // References.
  ['an origin that is the item itself', one(9, 0, item({ origin: [9, 0] }, str('x'))), 'refuse'],
  ['a right origin that is the item itself', one(9, 0, item({ right: [9, 0] }, str('x'))), 'refuse'],
  ['an origin in its own future', one(9, 0, item({ origin: [9, 5] }, str('x')), item(text, str('yyyyyyyy'))), 'refuse'],
  ['a right origin in its own future', one(9, 0, item({ right: [9, 5] }, str('x')), item(text, str('yyyyyyyy'))), 'refuse'],
  ['a parent that is the item itself', one(9, 0, item({ parent: [9, 0] }, str('x'))), 'refuse'],
  ['a parent in its own future', one(9, 0, item({ parent: [9, 1] }, str('x')), item(text, type(0))), 'refuse'],
  ['a parent that is a string of the document', one(9, 0, item({ parent: [1, 1] }, str('x'))), 'survive'],  // collected, as in Yjs
  ['a parent that is a string of the update', one(9, 0, item(text, str('abc')), item({ parent: [9, 1] }, str('x'))), 'survive'],
  ['origins in two different types', one(9, 0, item({ origin: [1, 4], right: [1, 6] }, str('x'))), 'survive'],
  ['an origin to the right of the right origin', one(9, 0, item({ origin: [1, 3], right: [1, 1] }, str('x'))), 'survive'],
  ['one item between itself', one(9, 0, item({ origin: [1, 2], right: [1, 2] }, str('x'))), 'survive'],
  ['a cycle of origins over two clients',
    update([block(9, 0, item({ origin: [8, 0] }, str('x'))), block(8, 0, item({ origin: [9, 0] }, str('y')))]), 'accept'],
  ['a cycle of parents over two clients',
    update([block(9, 0, item({ parent: [8, 0] }, type(0))), block(8, 0, item({ parent: [9, 0] }, type(0)))]), 'accept'],
  ['an origin of a client that nobody knows', one(9, 0, item({ origin: [77, 3] }, str('x'))), 'accept'],
  ['a client twice', update([block(9, 0, item(text, str('x'))), block(9, 1, item(text, str('y')))]), 'refuse'],
  ['a Skip first', bytes('010205000a0304010174016100'), 'accept'],
  ['a Skip between', one(9, 0, item(text, str('x')), skip(3), item(text, str('y'))), 'accept'],
  ['only a Skip', one(9, 0, skip(3)), 'survive'],

  // Deletions.
  ['deletions of clients that nobody knows', update([], [[77, [[0, 3]]], [78, [[5, 1]]]]), 'accept'],
  ['a deletion beyond what is known', update([], [[1, [[6, 10]]]]), 'accept'],
  ['deletions that overlap', update([], [[1, [[0, 3], [1, 3], [0, 5]]]]), 'accept'],
  ['deletions in falling order', update([], [[1, [[3, 1], [0, 2]]]]), 'accept'],
  ['a deletion of what the update brings', update([block(9, 0, item(text, str('xyz')))], [[9, [[1, 1]]]]), 'accept'],
  ['a client twice in the delete set', update([], [[1, [[0, 1]]], [1, [[2, 1]]]]), 'accept'],

  // Content.
  ...repeat(21, (n) => [`content ref ${n + 11}`, one(9, 0, [n + 11, 1, 4, 116, 101, 120, 116, 1, 1]), 'refuse']),
  ['a GC with flags', one(9, 0, [0x20, 3]), 'refuse'],
  ['a Skip with flags', one(9, 0, [0x2a, 3], item(text, str('x'))), 'refuse'],
  ['type ref 7 (a weak link of yrs)', one(9, 0, item(map('k'), [7, [7, 1, 1, 0]])), 'refuse'],
  ['type ref 2^31', one(9, 0, item(map('k'), type(huge))), 'refuse'],
  ...[0, 1, 64, 115, 128, 255].map((tag) => [`any tag ${tag}`, one(9, 0, item(map('k'), any([tag, 0, 0, 0, 0, 0, 0, 0, 0]))), 'refuse']),
  ['any values 100,000 deep', one(9, 0, item(map('k'), any(anyNested(100000)))), 'refuse'],
  ['any values 100 deep', one(9, 0, item(map('k'), any(anyNested(100)))), 'accept'],
  ['JSON 100,000 deep', one(9, 0, item(text, embed('['.repeat(100000) + ']'.repeat(100000)))), 'refuse'],
  ['an embed that is no JSON', one(9, 0, item(text, embed('{"a":'))), 'refuse'],
  ['an embed that is nothing', one(9, 0, item(text, embed(''))), 'refuse'],
  ['a format that is no JSON', one(9, 0, item(text, format('bold', 'tru'))), 'refuse'],
  ['a JSON content that is no JSON', one(9, 0, item(text, legacyJson('nul'))), 'refuse'],
  ['JSON with bytes behind', one(9, 0, item(text, embed('{} {}'))), 'refuse'],
  ['subdocument options that are no object', one(9, 0, item(map('k'), subdoc('g', anyNull))), 'survive'],
  ['several values under one key', one(9, 0, item(map('k'), any([125, 1], [125, 2], [125, 3]))), 'survive'],
  ['a format under a key', one(9, 0, item(map('k'), format('bold', 'true'))), 'survive'],
  ['a binary', one(9, 0, item(map('k'), binary(0, 255))), 'accept'],

  // Text that is not UTF-8.
  ...[[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0xbd], [0xf4, 0x90, 0x80, 0x80], [0xe0, 0x80, 0xaf], [0x80]].flatMap((bad) => {
    const hex = Buffer.from(bad).toString('hex');
    return [
      [`a string of ${hex}`, one(9, 0, item(text, str(bad))), 'refuse'],
      [`a root named ${hex}`, one(9, 0, item({ root: bad }, str('x'))), 'refuse'],
      [`a key of ${hex}`, one(9, 0, item(map(bad), any(anyNull))), 'refuse'],
      [`a format named ${hex}`, one(9, 0, item(text, format(bad, 'true'))), 'refuse'],
      [`an any string of ${hex}`, one(9, 0, item(map('k'), any(anyString(bad)))), 'refuse'],
      [`a guid of ${hex}`, one(9, 0, item(map('k'), subdoc(bad, [118, 0]))), 'refuse'],
    ];
  }),

  // Names that hurt JavaScript.
  ['a root named __proto__', one(9, 0, item({ root: '__proto__' }, str('x'))), 'accept'],
  ['a root without a name', one(9, 0, item({ root: '' }, str('x'))), 'accept'],
  ['a key named __proto__', one(9, 0, item(map('__proto__'), any(anyNull))), 'survive'],  // JavaScript's objects lose it
  ['a format named __proto__', one(9, 0, item(text, format('__proto__', 'true'))), 'survive'],

  // Depth and number.
  ['types 20,000 deep', one(9, 0, item(text, type(0)), ...repeat(20000, (n) => item({ parent: [9, n] }, type(0)))), 'survive'],
  ['types 20,000 deep, deleted at once',
    update([block(9, 0, item(text, type(0)), ...repeat(20000, (n) => item({ parent: [9, n] }, type(0))))], [[9, [[0, 1]]]]), 'survive'],
  ['1,000 clients of one character', update(repeat(1000, (n) => block(5000 - n, 0, item(text, str('x'))))), 'accept'],
];

// What no Yjs writes, and the functions on updates give in other bytes than Yjs's.
const unlikeYjs = new Set([
  'a Skip first',                                           // Yjs counts the hole as known
  'deletions that overlap', 'deletions in falling order',  // sorted and joined when they are read
]);

// Every prefix of an update with something of everything is refused, and nothing of it stays.
const prefixes = (() => {
  const whole = one(9, 0, item(text, str('ab')), item({ origin: [9, 1], right: [1, 0] }, format('bold', 'true')), item(map('k'), type(3, 'p')),
    item({ parent: [9, 3] }, any([118, 1, 1, 97, 125, 5], anyNull)), gc(3), item(map('b'), binary(1, 2, 3)));
  return repeat(whole.length, (n) => [`the first ${n} bytes of ${whole.length}`, whole.slice(0, n), 'refuse']);
})();

const toolPath = args.tool ?? ['dev', 'release'].map((preset) => join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'build', preset, 'tests', 'engine_tool')).find(existsSync);
if (!toolPath) throw new Error('no engine_tool: build it (ninja -C build/dev engine_tool) or name it with --tool');
let tool = new EngineTool(toolPath);
let [passed, failed] = [0, 0];

async function check(name, judge) {
  if (tool.ended) tool = new EngineTool(toolPath);
  const what = await judge().catch((error) => error.message);
  if (what === null) passed++;
  else console.log(`${++failed}. ${name}: ${what}`);
}

async function observe(doc) {
  const [state, sv, pending] = await Promise.all(['state', 'sv', 'check'].map((op) => tool.send({ op, doc })));
  if (pending.broken) throw new Error(`broken invariant: ${pending.broken}`);
  return `${state.update} ${sv.sv}`;
}

// The engine applies `given` as Yjs does.
async function same(reference, given) {
  const step = { update: given, reads: allReads, diffs: [bytes('00'), bytes('010103')], check: true };
  const expected = reference.step(step);
  return difference(expected, await tool.send(command('v', step)), step);
}

for (const [name, hex] of examples) {
  await check(name, async () => {
    await tool.send({ op: 'new', doc: 'v', gc: true, forward: false });
    return same(new Reference({ gc: true }), bytes(hex));
  });
}

// The functions on updates give what Yjs's give, alone and together with the document's state, in both formats.
async function sameFunctions(given) {
  for (const updates of [[given], [base, given], [given, base, given]]) {
    for (const version of [1, 2]) {
      const wanted = updatesCase(version, version === 1 ? updates : updates.map((one) => Y.convertUpdateFormatV1ToV2(one)), bytes('010103'));
      const what = updatesDifference(wanted, await tool.send(wanted.command));
      if (what !== null) return what;
    }
  }
  return null;
}

for (const [name, hex] of examples) await check(`functions on ${name}`, () => sameFunctions(bytes(hex)));

// A v2 update out of its columns in hex; what is not named is empty.
function v2({ keys = '', clients = '', lefts = '', rights = '', infos = '', strings = '00', parents = '', types = '', lengths = '' }, rest) {
  const columns = [keys, clients, lefts, rights, infos, strings, parents, types, lengths];
  return bytes(`00${columns.map((hex) => Buffer.from(varUint(hex.length / 2)).toString('hex') + hex).join('')}${rest}`);
}
const oneOfV2 = (infos, more, rest = '01010000') => v2({ clients: '09', infos, strings: '047465787404', parents: '01', ...more }, rest);

const hostileV2 = [
  ['no bytes', bytes('')],
  ['no columns', bytes('00')],
  ['a column that ends behind the update', bytes('00ff7f')],
  ['2^31 GC structs in 27 bytes', v2({ clients: '01', infos: '00', lengths: '418080808008' }, '0180808080080000')],
  ['2^53-1 GC structs', v2({ clients: '01', infos: '00', lengths: '41ffffffffffffff0f' }, '01ffffffffffffff0f0000')],
  ['2^31 clients', v2({ clients: '41ffffffff0f', infos: '00', lengths: '41ffffffff0f' }, '8080808008')],
  ['a GC up to 2^53', v2({ clients: '01', infos: '00', lengths: 'bfffffffffffff1f' }, '01010000')],
  ['clocks that sum up past 2^53', v2({ clients: '4105', lefts: 'bfffffffffffff1fffffffffffffff0f', infos: '84', strings: '01610101' }, '01010000')],
  ['no info', v2({ clients: '01', lengths: '01' }, '01010000')],
  ['no client', v2({ infos: '00', lengths: '01' }, '01010000')],
  ['strings that are not UTF-8', oneOfV2('04', { strings: '0574657874ff0401' })],
  ['strings shorter than their lengths', oneOfV2('04', { strings: '0474657874040f' })],
  ['2^31 JSON values', oneOfV2('02', { lengths: '8080808010' })],
  ['2^31 any values', oneOfV2('08', { lengths: '8080808010' })],
  ['any values 100,000 deep', oneOfV2('08', { lengths: '01' }, `010100${'7501'.repeat(100000)}7e00`)],
  ['an embed 100,000 deep', oneOfV2('05', {}, `010100${'7501'.repeat(100000)}7e00`)],
  ['an embed of an unknown kind', oneOfV2('05', {}, '0101000100')],
  ['an embed that is undefined', oneOfV2('05', {}, '0101007f00')],
  ['an embed with a bigint', oneOfV2('05', {}, '01010075017a000000000000000100')],
  ['type ref 7', oneOfV2('07', { types: '07' })],
  ['content ref 11', oneOfV2('0b', {})],
  ['a struct without length', oneOfV2('01', { lengths: '00' })],
  ['a deletion past 2^53', v2({}, '000101ffffffffffffff0fffffffffffffff0f')],
  ['bytes behind the delete set', v2({}, '000000')],
];
for (const [name, given] of hostileV2) {
  await check(`v2: ${name}`, async () => {
    await tool.send({ op: 'new', doc: 'v', gc: true, forward: false });
    const start = await same(new Reference({ gc: true }), base);
    if (start !== null) return `before it: ${start}`;
    const before = await observe('v');
    const answer = await tool.send({ op: 'apply', doc: 'v', update: base64(given), v: 2 });
    if (answer.ok) return 'was taken';
    if (!['invalid', 'limit'].includes(answer.code) || !(answer.error.length > 10)) return `refused as ${answer.code}: ${answer.error}`;
    return before === await observe('v') ? null : 'was refused, and left something behind';
  });
}

const innocent = one(3, 0, item({ origin: [1, 4] }, str(' world')));

for (const [name, given, verdict] of [...hostile, ...prefixes]) {
  await check(name, async () => {
    const reference = new Reference({ gc: true });
    await tool.send({ op: 'new', doc: 'v', gc: true, forward: false });
    const start = await same(reference, base);
    if (start !== null) return `before it: ${start}`;
    const before = await observe('v');
    if (verdict === 'accept') {
      const what = await same(reference, given);
      if (what !== null) return what;
      return await same(reference, innocent) ?? (unlikeYjs.has(name) ? null : sameFunctions(given));
    }
    const answer = await tool.send({ op: 'apply', doc: 'v', update: base64(given) });
    if (verdict === 'refuse' && answer.ok) return 'was taken';
    if (!answer.ok && !['invalid', 'limit'].includes(answer.code)) return `refused as ${answer.code}: ${answer.error}`;
    if (!answer.ok && !(answer.error.length > 10)) return `refused without a reason: "${answer.error}"`;
    const after = await observe('v');
    if (!answer.ok && before !== after) return 'was refused, and left something behind';
    if (!answer.ok) return same(reference, innocent);
    const later = await tool.send({ op: 'apply', doc: 'v', update: base64(innocent) });
    if (!later.ok) return `an innocent update is refused afterwards: ${later.error}`;
    await observe('v');
    const seen = await tool.send({ op: 'text', doc: 'v', root: 'text' });
    return seen.value.includes(' world') ? null : `an innocent update does not show afterwards: ${seen.value}`;
  });
}

tool.close();
console.log(`vectors: ${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
