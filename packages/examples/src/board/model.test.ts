import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as Y from 'yjs';
import { drawPen, drawShape, moveSelection } from './gestures.ts';
import { BoardModel } from './model.ts';
import { boundsOf, fit, readShape, type Style } from './shapes.ts';

const style: Style = { color: 'lake', stroke: 4, filled: false };
const box = { x: 10, y: 20, width: 30, height: 40 };

// Two boards whose updates pass at once, or when `exchange` is called.
function pair({ live = true } = {}) {
  const docs = [new Y.Doc(), new Y.Doc()] as const;
  const exchange = () => {
    Y.applyUpdate(docs[1], Y.encodeStateAsUpdate(docs[0]));
    Y.applyUpdate(docs[0], Y.encodeStateAsUpdate(docs[1]));
  };
  if (live) {
    docs[0].on('update', (update, origin) => {
      if (origin !== 'peer') Y.applyUpdate(docs[1], update, 'peer');
    });
    docs[1].on('update', (update, origin) => {
      if (origin !== 'peer') Y.applyUpdate(docs[0], update, 'peer');
    });
  }
  const models = docs.map((doc) => new BoardModel(doc)) as [BoardModel, BoardModel];
  return { docs, models, exchange, destroy: () => models.forEach((model) => model.destroy()) };
}

// What gestures need of a selection, without a page to draw it on.
function scene(model: BoardModel, ids: string[] = []) {
  const selection = {
    set() {},
    get shapes() {
      return ids.map((id) => model.get(id)!);
    },
  };
  return { model, style, selection: selection as never };
}

test('a shape made on one board appears on the other', () => {
  const {
    models: [a, b],
    destroy,
  } = pair();
  const id = a.create('rectangle', style, box);
  assert.deepEqual(b.get(id), { ...a.get(id)! });
  assert.deepEqual(boundsOf(b.get(id)!), box);
  destroy();
});

test('two people change different things about one shape and both changes stay', () => {
  const {
    models: [a, b],
    exchange,
    destroy,
  } = pair({ live: false });
  const id = a.create('ellipse', style, box);
  exchange();
  a.patch([id], { x: 99 });
  b.patch([id], { color: 'rose' });
  exchange();
  for (const model of [a, b]) assert.deepEqual([model.get(id)!.x, model.get(id)!.color], [99, 'rose']);
  destroy();
});

test('what is staged is seen here at once and there after publishing, in one update', () => {
  const {
    docs,
    models: [a, b],
    destroy,
  } = pair();
  const id = a.create('pen', style, { x: 0, y: 0 }, { points: [0, 0] });
  let updates = 0;
  docs[0].on('update', () => {
    updates += 1;
  });
  for (let i = 1; i <= 50; ++i) a.stage(id, {}, [i, i]);
  assert.equal(a.get(id)!.points.length, 102);
  assert.equal(b.get(id)!.points.length, 2);
  a.publish();
  assert.deepEqual(b.get(id)!.points, a.get(id)!.points);
  assert.equal(updates, 1);
  destroy();
});

test('staging a shape that somebody deletes meanwhile does no harm', () => {
  const {
    models: [a, b],
    destroy,
  } = pair();
  const id = a.create('rectangle', style, box);
  a.stage(id, { x: 50 });
  b.remove([id]);
  a.stage(id, { x: 60 });
  a.publish();
  assert.equal(a.get(id), undefined);
  assert.equal(b.get(id), undefined);
  destroy();
});

test('a gesture is one step for undo, and undo leaves what others did', () => {
  const {
    models: [a, b],
    destroy,
  } = pair();
  const pen = drawPen(scene(a), { x: 0, y: 0 });
  for (let i = 1; i < 20; ++i) {
    pen.move({ x: i * 5, y: i }, { shift: false });
    if (i % 5 === 0) a.publish();
  }
  pen.end();
  const other = b.create('note', style, box);
  const [stroke] = a.all().filter((shape) => shape.kind === 'pen');
  const move = moveSelection(scene(a, [stroke!.id]), { x: 0, y: 0 });
  move.move({ x: 100, y: 0 }, { shift: false });
  move.end();
  assert.equal(b.get(stroke!.id)!.x, 100);

  a.undo.undo();
  assert.equal(b.get(stroke!.id)!.x, 0);
  a.undo.undo();
  assert.equal(b.get(stroke!.id), undefined);
  assert.equal(a.canUndo.value, false);
  assert.ok(a.has(other));
  a.undo.redo();
  assert.equal(b.get(stroke!.id)!.points.length, 40);
  destroy();
});

test('a click that draws nothing leaves nothing, not even a step to undo', () => {
  const {
    models: [a, b],
    destroy,
  } = pair();
  const draw = drawShape(scene(a), 'rectangle', { x: 5, y: 5 }, () => assert.fail('nothing was drawn'));
  draw.move({ x: 6, y: 6 }, { shift: false });
  draw.end();
  assert.deepEqual([a.size, b.size, a.canUndo.value], [0, 0, false]);
  destroy();
});

test('raising puts a shape on top everywhere; painting order is the same everywhere', () => {
  const {
    models: [a, b],
    destroy,
  } = pair();
  const ids = [a.create('note', style, box), b.create('note', style, box), a.create('note', style, box)];
  b.raise([ids[0]!]);
  assert.equal(a.all().at(-1)!.id, ids[0]);
  assert.deepEqual(
    a.all().map((shape) => shape.id),
    b.all().map((shape) => shape.id),
  );
  destroy();
});

test('duplicates carry points and text of their own', () => {
  const {
    models: [a],
    destroy,
  } = pair();
  const note = a.create('note', style, box, { text: 'hello' });
  const [copy] = a.duplicate([note], 24);
  a.text(copy!)!.insert(5, ' there');
  assert.equal(a.get(copy!)!.text, 'hello there');
  assert.equal(a.get(note)!.text, 'hello');
  assert.equal(a.get(copy!)!.x, 34);
  destroy();
});

test('fitting into another box scales boxes, lines, pens and text', () => {
  const {
    models: [a],
    destroy,
  } = pair();
  const from = { x: 0, y: 0, width: 100, height: 100 };
  const to = { x: 10, y: 0, width: 50, height: 200 };
  const line = a.get(a.create('line', style, { x: 100, y: 0, width: -100, height: 100 }))!;
  assert.deepEqual(fit(line, from, to), { x: 60, y: 0, width: -50, height: 200 });
  const pen = a.create('pen', style, { x: 0, y: 0 }, { points: [0, 0, 100, 100] });
  a.patch([pen], fit(a.get(pen)!, from, to));
  assert.deepEqual(boundsOf(a.get(pen)!), to);
  const text = a.get(a.create('text', style, { x: 0, y: 0 }, { text: 'larger' }))!;
  a.patch([text.id], fit(text, from, { x: 0, y: 0, width: 200, height: 200 }));
  assert.ok(boundsOf(a.get(text.id)!).width > 1.8 * boundsOf(text).width);
  destroy();
});

test('what does not make a shape is not one, and wild values are tamed', () => {
  const doc = new Y.Doc();
  const shapes = doc.getMap<any>('shapes');
  const put = (id: string, fields: object) => shapes.set(id, new Y.Map(Object.entries(fields)));
  shapes.set('string', 'x');
  put('unknown', { kind: 'spaceship' });
  put('wild', { kind: 'rectangle', x: Infinity, y: '7', width: 1e300, color: 'url(x)', stroke: -5, z: NaN });
  put('odd', { kind: 'pen', points: Y.Array.from([1, 2, 'x', 3]) });
  assert.equal(readShape('string', shapes.get('string')), null);
  assert.equal(readShape('unknown', shapes.get('unknown')), null);
  const wild = readShape('wild', shapes.get('wild'))!;
  assert.deepEqual([wild.x, wild.y, wild.width, wild.color, wild.stroke, wild.z], [0, 0, 0, 'ink', 1, 0]);
  assert.deepEqual(readShape('odd', shapes.get('odd'))!.points, [1, 2]);
});

test('what is staged together is heard of together', () => {
  const {
    models: [a],
    destroy,
  } = pair();
  const ids = Array.from({ length: 10 }, () => a.create('note', style, box));
  const heard: Set<string>[] = [];
  a.subscribe((changed) => heard.push(changed));
  a.together(() =>
    a.together(() => {
      for (const id of ids) a.stage(id, { x: 1 });
    }),
  );
  assert.deepEqual(heard, [new Set(ids)]);
  assert.ok(ids.every((id) => a.get(id)!.x === 1));
  destroy();
});
