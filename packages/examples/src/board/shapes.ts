// What can be on the board, and how a shape is read from what is in the document.
import * as Y from 'yjs';
import { boundsOfPoints, normalize, type Box } from './geometry.ts';
import { fontSize, measureText } from './text-metrics.ts';

export const kinds = ['pen', 'rectangle', 'ellipse', 'line', 'arrow', 'note', 'text'] as const;
export type Kind = (typeof kinds)[number];

// Names, not values: each theme has its own ink.
export const colors = ['ink', 'rose', 'amber', 'moss', 'lake', 'plum', 'stone'] as const;
export type Color = (typeof colors)[number];

export const strokes = { fine: 2, medium: 4, bold: 8 } as const;

export interface Style {
  color: Color;
  stroke: number;
  filled: boolean;
}

export interface Shape extends Box, Style {
  id: string;
  kind: Kind;
  z: number; // painting order; equal ones by id
  points: number[]; // pen: x0 y0 x1 y1 ... relative to (x, y), before scaling; empty for other kinds
  scaleX: number; // pen and text: what resizing did
  scaleY: number;
  text: string; // note and text
}

// The fields that live in the shape's Y.Map as plain values; points are a Y.Array and text a Y.Text beside them.
export type Patch = Partial<Omit<Shape, 'id' | 'kind' | 'points' | 'text'>>;

export const isLine = (shape: { kind: Kind }): boolean => shape.kind === 'line' || shape.kind === 'arrow';
export const hasText = (shape: { kind: Kind }): boolean => shape.kind === 'note' || shape.kind === 'text';

export function boundsOf(shape: Shape): Box {
  if (shape.kind !== 'pen') return normalize(shape);
  const box = boundsOfPoints(shape.points);
  return normalize({
    x: shape.x + box.x * shape.scaleX,
    y: shape.y + box.y * shape.scaleY,
    width: box.width * shape.scaleX,
    height: box.height * shape.scaleY,
  });
}

// The change that carries a shape along when the box around it goes from `from` to `to`.
export function fit(shape: Shape, from: Box, to: Box): Patch {
  const factorX = from.width > 0 ? to.width / from.width : 1;
  const factorY = from.height > 0 ? to.height / from.height : 1;
  const place = { x: to.x + (shape.x - from.x) * factorX, y: to.y + (shape.y - from.y) * factorY };
  return shape.kind === 'pen' || shape.kind === 'text'
    ? { ...place, scaleX: shape.scaleX * factorX, scaleY: shape.scaleY * factorY }
    : { ...place, width: shape.width * factorX, height: shape.height * factorY };
}

export function describe(shape: Shape): string {
  const name = {
    pen: 'Drawing',
    rectangle: 'Rectangle',
    ellipse: 'Ellipse',
    line: 'Line',
    arrow: 'Arrow',
    note: 'Note',
    text: 'Text',
  };
  return hasText(shape) && shape.text
    ? `${name[shape.kind]}: ${shape.text}`
    : `${name[shape.kind]}, ${shape.color}`;
}

// Anyone who may edit may write anything into the document, so what does not make a shape is not one (null).
export function readShape(id: string, map: unknown): Shape | null {
  if (!(map instanceof Y.Map)) return null;
  const number = (key: string, fallback: number, limit = 1e7): number => {
    const value = map.get(key);
    return typeof value === 'number' && Math.abs(value) <= limit ? value : fallback;
  };
  const kind = map.get('kind') as Kind;
  if (!kinds.includes(kind)) return null;
  const color = map.get('color') as Color;
  const points = map.get('points');
  const text = map.get('text');
  const shape: Shape = {
    id,
    kind,
    x: number('x', 0),
    y: number('y', 0),
    width: number('width', 0),
    height: number('height', 0),
    z: number('z', 0, Number.MAX_SAFE_INTEGER),
    color: colors.includes(color) ? color : 'ink',
    stroke: Math.max(1, number('stroke', strokes.medium, 64)),
    filled: map.get('filled') === true,
    points: points instanceof Y.Array ? readPoints(points) : [],
    scaleX: number('scaleX', 1, 1000),
    scaleY: number('scaleY', 1, 1000),
    text: text instanceof Y.Text ? text.toString() : '',
  };
  return kind === 'text' ? { ...shape, ...measureText(shape.text, fontSize(shape)) } : shape;
}

function readPoints(array: Y.Array<unknown>): number[] {
  const points = array.toArray().filter((value): value is number => Number.isFinite(value));
  return points.length % 2 === 0 ? points : points.slice(0, -1);
}
