// Updates written byte by byte, each wrong in one way. An update is
//   #clients { #structs client clock struct* }* #clients { client #ranges { clock length }* }*
// and a struct an info byte (content ref and flags), origins or a parent, and its content.
import { bytes } from './corpus.mjs';

const kGc = 0;
const kDeleted = 1;
const kJson = 2;
const kBinary = 3;
const kString = 4;
const kEmbed = 5;
const kFormat = 6;
const kType = 7;
const kAny = 8;
const kDoc = 9;
const kSkip = 10;
const kOrigin = 0x80;
const kRightOrigin = 0x40;
const kParentSub = 0x20;
const byte = (value) => Buffer.from([value]);
const none = 0;       // an empty delete set
const client = 4242;
const clock_max = 2 ** 53 - 1;

// One struct of one client, without deletes.
const one = (clock, ...struct) => bytes(1, 1, client, clock, ...struct, none);
const inRoot = (ref) => [byte(ref), 1, 'c text'];

const invalid_utf8 = [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]];

// depth of array (or object) values around a null, as lib0's `any`.
const nestedArrays = (depth) => Buffer.concat([Buffer.alloc(2 * depth, Buffer.from([117, 1])), byte(126)]);
const nestedObjects = (depth) => Buffer.concat([Buffer.alloc(4 * depth, Buffer.from([118, 1, 1, 97])), byte(126)]);

export function nestedTypes(author, depth) {
  const structs = [];
  for (let i = 0; i < depth; i++) {
    const parent = i === 0 ? [1, 'c deep'] : [0, author, i - 1];
    structs.push(bytes(byte(kType), ...parent, 0));  // a Y.Array
  }
  return bytes(1, depth, author, 0, Buffer.concat(structs), none);
}

export function deletionOf(author, clock, length) { return bytes(0, 1, author, 1, clock, length); }

export function crafted() {
  const wrong = {
    'an empty payload': Buffer.alloc(0),
    'one byte': byte(0),
    'a varUint without end': Buffer.alloc(30, 0xff),
    'a varUint past 2^53': bytes(1, 1, 2n ** 60n, 0, ...inRoot(kString), 'x', none),
    'a client id of 2^53': bytes(1, 1, 2n ** 53n, 0, ...inRoot(kString), 'x', none),
    '2^52 structs': bytes(1, 2 ** 52, client, 0, ...inRoot(kString), 'x', none),
    '2^53-1 clients': bytes(clock_max),
    '2^50 clients in the delete set': bytes(0, 2 ** 50, client),
    '2^50 ranges in the delete set': bytes(0, 1, client, 2 ** 50, 1, 1),
    'a string longer than the update': one(0, ...inRoot(kString), 2 ** 40),
    'a string of 2^53-1 bytes': one(0, ...inRoot(kString), clock_max),
    'a root name longer than the update': one(0, byte(kString), 1, 2 ** 31),
    '2^50 values': one(0, ...inRoot(kAny), 2 ** 50, byte(126)),
    'an array value of 2^50 elements': one(0, ...inRoot(kAny), 1, byte(117), 2 ** 50),
    'an object value of 2^50 entries': one(0, ...inRoot(kAny), 1, byte(118), 2 ** 50),
    'a binary of 2^50 bytes': one(0, ...inRoot(kBinary), 2 ** 50),
    'a clock at 2^53-1 and a length': one(clock_max, ...inRoot(kString), 'hello'),
    'a clock at 2^53-2': one(2 ** 53 - 2, ...inRoot(kString), 'x'),
    'a clock just past 2^32': one(2 ** 32, ...inRoot(kString), 'x'),
    'a GC struct of length 2^53-1': one(0, byte(kGc), clock_max),
    'a Skip of length 2^53-1': one(0, byte(kSkip), clock_max),
    'a deleted range up to past 2^53': deletionOf(client, clock_max, clock_max),
    'a deleted item of length 2^53-1': one(0, ...inRoot(kDeleted), clock_max),
    'a GC struct of length 0': one(0, byte(kGc), 0),
    'a Skip of length 0': one(0, byte(kSkip), 0),
    'a deleted item of length 0': one(0, ...inRoot(kDeleted), 0),
    'an empty string': one(0, ...inRoot(kString), ''),
    'no values': one(0, ...inRoot(kAny), 0),
    'no JSON values': one(0, ...inRoot(kJson), 0),
    'a deleted range of length 0': deletionOf(client, 0, 0),
    '100,000 arrays in each other': one(0, ...inRoot(kAny), 1, nestedArrays(100000)),
    '100,000 objects in each other': one(0, ...inRoot(kAny), 1, nestedObjects(100000)),
    '100,000 arrays in an embed': one(0, ...inRoot(kEmbed), '['.repeat(100000) + ']'.repeat(100000)),
    '100,000 arrays in a JSON value': one(0, ...inRoot(kJson), 1, '['.repeat(100000) + ']'.repeat(100000)),
    '100,000 objects in a format': one(0, ...inRoot(kFormat), 'k', '{"a":'.repeat(100000) + '1' + '}'.repeat(100000)),
    'an embed that is not JSON': one(0, ...inRoot(kEmbed), '{nonsense'),
    'an empty embed': one(0, ...inRoot(kEmbed), ''),
    'a JSON value that is not JSON': one(0, ...inRoot(kJson), 1, '[1,]'),
    'a format that is not JSON': one(0, ...inRoot(kFormat), 'bold', 'tru'),
    'a value of unknown kind 115': one(0, ...inRoot(kAny), 1, byte(115)),
    'a value of unknown kind 0': one(0, ...inRoot(kAny), 1, byte(0)),
    'a value of unknown kind 255': one(0, ...inRoot(kAny), 1, byte(255)),
    'a type of unknown kind 7': one(0, ...inRoot(kType), 7),
    'a type of unknown kind 2^40': one(0, ...inRoot(kType), 2 ** 40),
    'an XML element without its name': bytes(1, 1, client, 0, ...inRoot(kType), 3),
    'a subdocument without its options': bytes(1, 1, client, 0, ...inRoot(kDoc), 'guid'),
    'an item after itself': one(0, byte(kString | kOrigin), client, 0, 'x'),
    'an item before itself': one(0, byte(kString | kRightOrigin), client, 0, 'x'),
    'an item in itself': one(0, byte(kString), 0, client, 0, 'x'),
    'an item after its own future': one(0, byte(kString | kOrigin), client, 1000, 'x'),
    'an item before its own future': one(0, byte(kString | kRightOrigin), client, 1000, 'x'),
    'an item in its own future': one(0, byte(kString), 0, client, 1000, 'x'),
    'bytes behind the delete set': bytes(0, 0, 1, 2, 3),
    'an update without a delete set': bytes(0),
    'a client twice': bytes(2, 1, client, 0, ...inRoot(kString), 'x', 1, client, 1, ...inRoot(kString), 'y', none),
  };
  for (const ref of [11, 12, 20, 31]) wrong[`content of unknown kind ${ref}`] = one(0, ...inRoot(ref), 'x');
  for (const sequence of invalid_utf8) {
    const text = Buffer.from(sequence);
    const hex = text.toString('hex');
    wrong[`text of the bytes ${hex}`] = one(0, ...inRoot(kString), text.length, text);
    wrong[`a root named by the bytes ${hex}`] = one(0, byte(kString), 1, text.length, text, 'x');
    wrong[`a key of the bytes ${hex}`] = one(0, byte(kAny | kParentSub), 1, 'c map', text.length, text, 1, byte(126));
  }

  const odd = {
    'an update of nothing': bytes(0, 0),
    'deletes of a client nobody knows': deletionOf(99999, 5, 10),
    'an item after one that never comes': one(0, byte(kString | kOrigin), 5151, 7, 'x'),
    'an item in a type that never comes': one(0, byte(kString), 0, 5252, 7, 'x'),
    'two items in each other': bytes(2, 1, 6001, 0, byte(kString), 0, 6002, 0, 'x', 1, 6002, 0, byte(kString), 0, 6001, 0, 'y', none),
    'two items after each other': bytes(2, 1, 6003, 0, byte(kString | kOrigin), 6004, 0, 'x', 1, 6004, 0, byte(kString | kOrigin), 6003, 0, 'y', none),
    'a first clock of 1,000,000': bytes(1, 1, 6005, 1000000, ...inRoot(kString), 'x', none),
    'a client id of 2^53-1': bytes(1, 1, clock_max, 0, ...inRoot(kString), 'x', none),
    'an item in a string': bytes(1, 2, 6006, 0, ...inRoot(kString), 'x', byte(kString), 0, 6006, 0, 'y', none),
    'values nested 100 deep': bytes(1, 1, 6007, 0, byte(kAny), 1, 'c array', 1, nestedArrays(100), none),
    'a map entry in a text': bytes(1, 1, 6008, 0, byte(kAny | kParentSub), 1, 'c text', 'key', 1, byte(126), none),
    'a root without a name': bytes(1, 1, 6009, 0, byte(kString), 1, '', 'x', none),
    'formats that never end': bytes(1, 1, 6010, 0, ...inRoot(kFormat), 'bold', 'true', none),
  };
  return [
    ...Object.entries(wrong).map(([what, update]) => ({ what, update, harmless: false })),
    ...Object.entries(odd).map(([what, update]) => ({ what, update, harmless: true })),
  ];
}
