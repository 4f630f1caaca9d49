import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPeer, readPerson } from './presence.ts';

test('a peer is read as it was sent', () => {
  const state = {
    user: { name: 'Ada', color: '#123abc' },
    pointer: { x: 1, y: -2.5 },
    selection: ['a', 'b'],
  };
  assert.deepEqual(readPeer(7, state), {
    clientId: 7,
    self: false,
    name: 'Ada',
    color: '#123abc',
    pointer: { x: 1, y: -2.5 },
    selection: ['a', 'b'],
  });
});

test('what a peer must not send is replaced', () => {
  assert.equal(readPerson(null).name, 'Someone');
  assert.equal(readPerson({ name: '   ' }).name, 'Someone');
  assert.equal([...readPerson({ name: '🎻'.repeat(100) }).name].length, 40);
  assert.match(readPerson({ color: 'url(//evil)' }).color, /^#[0-9a-f]{6}$/);
  const peer = readPeer(1, { user: {}, pointer: { x: 'far', y: 0 }, selection: [1, 'a', {}] });
  assert.equal(peer.pointer, null);
  assert.deepEqual(peer.selection, ['a']);
});
