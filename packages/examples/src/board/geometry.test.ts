import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  arrowHeadPath,
  boundsOfPoints,
  constrain,
  contains,
  dragCorner,
  intersects,
  normalize,
  strokePath,
  union,
} from './geometry.ts';

test('a box dragged to the upper left covers the same place as one dragged to the lower right', () => {
  assert.deepEqual(normalize({ x: 10, y: 20, width: -6, height: -8 }), { x: 4, y: 12, width: 6, height: 8 });
});

test('the union of nothing is nothing; of boxes it is the box around them', () => {
  assert.equal(union([]), null);
  assert.deepEqual(
    union([
      { x: 0, y: 0, width: 2, height: 2 },
      { x: 5, y: -1, width: 1, height: 1 },
    ]),
    { x: 0, y: -1, width: 6, height: 3 },
  );
});

test('boxes that touch intersect; only whole boxes are contained', () => {
  const box = { x: 0, y: 0, width: 10, height: 10 };
  assert.ok(intersects(box, { x: 10, y: 10, width: 1, height: 1 }));
  assert.ok(!intersects(box, { x: 10.5, y: 0, width: 1, height: 1 }));
  assert.ok(contains(box, { x: 1, y: 1, width: 9, height: 9 }));
  assert.ok(!contains(box, { x: 1, y: 1, width: 9.5, height: 9 }));
});

test('dragging a corner leaves the opposite one where it was, and sides never cross over', () => {
  const box = { x: 0, y: 0, width: 100, height: 50 };
  assert.deepEqual(dragCorner(box, 'nw', { x: 20, y: 10 }, false), { x: 20, y: 10, width: 80, height: 40 });
  assert.deepEqual(dragCorner(box, 'se', { x: -500, y: -500 }, false), { x: 0, y: 0, width: 4, height: 4 });
  assert.deepEqual(dragCorner(box, 'ne', { x: 200, y: 0 }, true), { x: 0, y: -50, width: 200, height: 100 });
});

test('Shift makes squares and multiples of 45 degrees', () => {
  assert.deepEqual(constrain({ x: 0, y: 0, width: 30, height: -10 }, 'box'), {
    x: 0,
    y: 0,
    width: 30,
    height: -30,
  });
  assert.deepEqual(constrain({ x: 0, y: 0, width: 100, height: 8 }, 'line'), {
    x: 0,
    y: 0,
    width: 100,
    height: 0,
  });
});

test('a stroke of one point is a dot, of many a curve from the first to the last', () => {
  assert.equal(strokePath([]), '');
  assert.equal(strokePath([1, 2]), 'M1 2l0 .01');
  assert.equal(strokePath([0, 0, 10, 0, 10, 10]), 'M0 0Q10 0 10 5L10 10');
  assert.equal(strokePath([0, 0, 10, 10], 2, 0.5), 'M0 0L20 5');
});

test('an arrow of no length has a head of no length', () => {
  assert.equal(arrowHeadPath({ x: 3, y: 4, width: 0, height: 0 }, 4), 'M3 4L3 4L3 4');
});

test('the bounds of points', () => {
  assert.deepEqual(boundsOfPoints([]), { x: 0, y: 0, width: 0, height: 0 });
  assert.deepEqual(boundsOfPoints([1, 5, -2, 8]), { x: -2, y: 5, width: 3, height: 3 });
});
