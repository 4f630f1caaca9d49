// Points, boxes and outlines of the board, in board units (one unit is one CSS pixel at zoom 1).

export interface Point {
  x: number;
  y: number;
}

// Lines run from (x, y) by (width, height), which may be negative; `normalize` gives the box they cover.
export interface Box extends Point {
  width: number;
  height: number;
}

export type Handle = 'nw' | 'ne' | 'se' | 'sw' | 'start' | 'end';

export const corners: Handle[] = ['nw', 'ne', 'se', 'sw'];

export function normalize({ x, y, width, height }: Box): Box {
  return {
    x: Math.min(x, x + width),
    y: Math.min(y, y + height),
    width: Math.abs(width),
    height: Math.abs(height),
  };
}

export function boxBetween(a: Point, b: Point): Box {
  return { x: a.x, y: a.y, width: b.x - a.x, height: b.y - a.y };
}

export function union(boxes: Box[]): Box | null {
  if (boxes.length === 0) return null;
  const left = Math.min(...boxes.map((box) => box.x));
  const top = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  return { x: left, y: top, width: right - left, height: bottom - top };
}

export function grow(box: Box, by: number): Box {
  return { x: box.x - by, y: box.y - by, width: box.width + 2 * by, height: box.height + 2 * by };
}

export function intersects(a: Box, b: Box): boolean {
  return a.x <= b.x + b.width && b.x <= a.x + a.width && a.y <= b.y + b.height && b.y <= a.y + a.height;
}

export function contains(outer: Box, inner: Box): boolean {
  return (
    inner.x >= outer.x
    && inner.y >= outer.y
    && inner.x + inner.width <= outer.x + outer.width
    && inner.y + inner.height <= outer.y + outer.height
  );
}

export function center(box: Box): Point {
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

// The bounds of x0 y0 x1 y1 ...
export function boundsOfPoints(points: readonly number[]): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i + 1 < points.length; i += 2) {
    left = Math.min(left, points[i]!);
    right = Math.max(right, points[i]!);
    top = Math.min(top, points[i + 1]!);
    bottom = Math.max(bottom, points[i + 1]!);
  }
  return left > right
    ? { x: 0, y: 0, width: 0, height: 0 }
    : { x: left, y: top, width: right - left, height: bottom - top };
}

export function handlePoint(box: Box, handle: Handle): Point {
  return {
    x: handle === 'ne' || handle === 'se' || handle === 'end' ? box.x + box.width : box.x,
    y: handle === 'se' || handle === 'sw' || handle === 'end' ? box.y + box.height : box.y,
  };
}

const sizeMin = 4;

// The box after one of its corners was dragged to `to`; the opposite corner stays and sides never cross over.
export function dragCorner(box: Box, handle: Handle, to: Point, keepRatio: boolean): Box {
  const west = handle === 'nw' || handle === 'sw';
  const north = handle === 'nw' || handle === 'ne';
  const [right, bottom] = [box.x + box.width, box.y + box.height];
  let width = Math.max(sizeMin, west ? right - to.x : to.x - box.x);
  let height = Math.max(sizeMin, north ? bottom - to.y : to.y - box.y);
  if (keepRatio && box.width > 0 && box.height > 0) {
    const factor = Math.max(width / box.width, height / box.height);
    [width, height] = [box.width * factor, box.height * factor];
  }
  return { x: west ? right - width : box.x, y: north ? bottom - height : box.y, width, height };
}

// Makes a dragged-out box square and a dragged-out line a multiple of 45 degrees.
export function constrain(box: Box, kind: 'box' | 'line'): Box {
  const size = Math.max(Math.abs(box.width), Math.abs(box.height));
  if (kind === 'box')
    return { ...box, width: Math.sign(box.width || 1) * size, height: Math.sign(box.height || 1) * size };
  const angle = Math.round(Math.atan2(box.height, box.width) / (Math.PI / 4)) * (Math.PI / 4);
  const length = Math.hypot(box.width, box.height);
  return {
    ...box,
    width: Math.round(Math.cos(angle) * length),
    height: Math.round(Math.sin(angle) * length),
  };
}

// A pen stroke as a smooth path: curves through the middles of its segments.
export function strokePath(points: readonly number[], scaleX = 1, scaleY = 1): string {
  if (points.length < 2) return '';
  const at = (i: number): [number, number] => [points[2 * i]! * scaleX, points[2 * i + 1]! * scaleY];
  const count = points.length >> 1;
  const format = ([x, y]: [number, number]) => `${+x.toFixed(2)} ${+y.toFixed(2)}`;
  let path = `M${format(at(0))}`;
  for (let i = 1; i + 1 < count; ++i) {
    const [[x, y], [nextX, nextY]] = [at(i), at(i + 1)];
    path += `Q${format([x, y])} ${format([(x + nextX) / 2, (y + nextY) / 2])}`;
  }
  return count === 1 ? `${path}l0 .01` : `${path}L${format(at(count - 1))}`; // a dot is a line too short to see
}

// The two barbs of an arrow that ends at the end of `line`.
export function arrowHeadPath(line: Box, stroke: number): string {
  const [endX, endY] = [line.x + line.width, line.y + line.height];
  const length = Math.min(10 + stroke * 2.5, Math.hypot(line.width, line.height) / 1.5);
  const angle = Math.atan2(line.height, line.width);
  const barb = (turn: number) =>
    `${+(endX - length * Math.cos(angle + turn)).toFixed(2)} ${+(endY - length * Math.sin(angle + turn)).toFixed(2)}`;
  return `M${barb(0.5)}L${endX} ${endY}L${barb(-0.5)}`;
}
