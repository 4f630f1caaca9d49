// What a pointer does between down and up, one function a gesture. Each is one step for undo.
import {
  boxBetween,
  constrain,
  dragCorner,
  intersects,
  normalize,
  type Handle,
  type Point,
} from './geometry.ts';
import type { BoardModel } from './model.ts';
import type { Selection } from './selection.ts';
import { boundsOf, fit, isLine, type Kind, type Style } from './shapes.ts';

export interface Modifiers {
  shift: boolean;
}

export interface Gesture {
  move(point: Point, modifiers: Modifiers): void;
  end(): void;
  everyPoint?: boolean; // wants all that the device measured, not only one point a frame
  cancel(): void; // a second finger came down: it was the start of a pinch
}

export interface Scene {
  model: BoardModel;
  selection: Selection;
  style: Style;
}

export const noteSize = 180;
const minDrag = 4; // a smaller movement was a click

// A quarter of a unit is finer than anyone draws, and such numbers take few bytes on the wire.
const quarter = (value: number): number => Math.round(value * 4) / 4;

export function drawPen({ model, style }: Scene, from: Point): Gesture {
  model.beginStep();
  const origin = { x: quarter(from.x), y: quarter(from.y) };
  const id = model.create('pen', style, origin, { points: [0, 0] });
  let last = { x: 0, y: 0 };
  return {
    everyPoint: true,
    move(point) {
      const next = { x: quarter(point.x - origin.x), y: quarter(point.y - origin.y) };
      if (Math.hypot(next.x - last.x, next.y - last.y) < 1) return;
      last = next;
      model.stage(id, {}, [next.x, next.y]);
    },
    end: () => model.endStep(),
    cancel: () => discard(model, id),
  };
}

export function drawShape(
  { model, style, selection }: Scene,
  kind: Kind,
  from: Point,
  done: () => void,
): Gesture {
  model.beginStep();
  const id = model.create(kind, style, { ...rounded(from), width: 0, height: 0 });
  return {
    move(point, { shift }) {
      const line = isLine({ kind });
      const dragged = boxBetween(rounded(from), rounded(point));
      const box = shift ? constrain(dragged, line ? 'line' : 'box') : dragged;
      model.stage(id, line ? box : normalize(box));
    },
    end() {
      const shape = model.get(id);
      if (shape && Math.hypot(shape.width, shape.height) < minDrag) return discard(model, id);
      model.endStep();
      selection.set([id]);
      done();
    },
    cancel: () => discard(model, id),
  };
}

export function moveSelection({ model, selection }: Scene, from: Point): Gesture {
  const start = selection.shapes.map(({ id, x, y }) => ({ id, x, y }));
  let moved = false;
  const by = (dx: number, dy: number) => {
    model.together(() => {
      for (const { id, x, y } of start) model.stage(id, { x: x + dx, y: y + dy });
    });
  };
  return {
    move(point, { shift }) {
      let [dx, dy] = [Math.round(point.x - from.x), Math.round(point.y - from.y)];
      if (shift) [dx, dy] = Math.abs(dx) > Math.abs(dy) ? [dx, 0] : [0, dy];
      if (!moved) {
        if (Math.hypot(dx, dy) < 2) return;
        moved = true;
        model.beginStep();
      }
      by(dx, dy);
    },
    end() {
      if (moved) model.endStep();
    },
    cancel() {
      if (!moved) return;
      by(0, 0);
      model.endStep();
    },
  };
}

export function resizeSelection({ model, selection }: Scene, handle: Handle): Gesture {
  const start = selection.shapes;
  const bounds = selection.bounds!;
  const [only] = start;
  const onlyText = start.every((shape) => shape.kind === 'text');
  model.beginStep();
  return {
    move(point, { shift }) {
      if (only && (handle === 'start' || handle === 'end')) {
        const far = { x: only.x + only.width, y: only.y + only.height };
        const [tail, tip] =
          handle === 'start' ? [rounded(point), far] : [{ x: only.x, y: only.y }, rounded(point)];
        const box = boxBetween(tail, tip);
        model.stage(only.id, shift && handle === 'end' ? constrain(box, 'line') : box);
      } else {
        const to = dragCorner(bounds, handle, rounded(point), shift || onlyText);
        model.together(() => {
          for (const shape of start) model.stage(shape.id, fit(shape, bounds, to));
        });
      }
    },
    end: () => model.endStep(),
    cancel() {
      for (const shape of start) model.stage(shape.id, fit(shape, bounds, bounds));
      model.endStep();
    },
  };
}

export function selectInside({ model, selection }: Scene, from: Point, add: boolean): Gesture {
  const before = add ? [...selection.ids.value] : [];
  selection.set(before);
  return {
    move(point) {
      const area = normalize(boxBetween(from, point));
      selection.marquee.value = area;
      const inside = model
        .all()
        .filter((shape) => intersects(boundsOf(shape), area))
        .map((shape) => shape.id);
      selection.set([...before, ...inside]);
    },
    end() {
      selection.marquee.value = null;
    },
    cancel() {
      selection.marquee.value = null;
      selection.set(before);
    },
  };
}

function rounded({ x, y }: Point): Point {
  return { x: Math.round(x), y: Math.round(y) };
}

function discard(model: BoardModel, id: string): void {
  model.publish();
  model.remove([id]);
  model.dropStep();
}
