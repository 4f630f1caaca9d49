// The board's shapes as the document holds them:
//
//   doc.getMap('shapes'):  id -> Y.Map { kind, x, y, width, height, z, color, stroke, filled,
//                                        points: Y.Array<number>   (pen)
//                                        text: Y.Text              (note, text) }
//
// One Y.Map a shape, so that two people can change different things about it at once and both changes stay.
// What a gesture changes is *staged*: shown at once here, and written to the document (and so sent) 25 times a second,
// because 60 or 120 pointer events a second are more than anyone watching can see.
import { uuidv4 } from 'lib0/random';
import * as Y from 'yjs';
import { Signal } from '../base/signal.ts';
import { readShape, type Kind, type Patch, type Shape, type Style } from './shapes.ts';

const publishInterval_ms = 40;
const typingPause_ms = 600; // typing on after a longer pause is a step of its own for undo

interface Staged {
  patch: Patch;
  points: number[];
}

export class BoardModel {
  readonly undo: Y.UndoManager;
  readonly canUndo = new Signal(false);
  readonly canRedo = new Signal(false);
  private readonly shapes: Y.Map<Y.Map<unknown>>;
  private readonly cache = new Map<string, Shape>();
  private readonly staged = new Map<string, Staged>();
  private readonly listeners = new Set<(ids: Set<string>) => void>();
  private gathered: Set<string> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly doc: Y.Doc) {
    this.shapes = doc.getMap('shapes');
    for (const id of this.shapes.keys()) this.refresh(id);
    this.shapes.observeDeep(this.onChange);
    this.undo = new Y.UndoManager(this.shapes, {
      trackedOrigins: new Set([this]),
      captureTimeout: typingPause_ms,
    });
    for (const event of ['stack-item-added', 'stack-item-popped', 'stack-cleared'] as const) {
      this.undo.on(event, () => this.refreshUndo());
    }
  }

  destroy(): void {
    clearTimeout(this.timer);
    this.undo.destroy();
    this.shapes.unobserveDeep(this.onChange);
  }

  // Hears the ids of shapes that came, changed or went.
  subscribe(listener: (ids: Set<string>) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  get size(): number {
    return this.cache.size;
  }
  get(id: string): Shape | undefined {
    return this.cache.get(id);
  }
  has(id: string): boolean {
    return this.cache.has(id);
  }

  // In painting order.
  all(): Shape[] {
    return [...this.cache.values()].sort((a, b) => a.z - b.z || (a.id < b.id ? -1 : 1));
  }

  text(id: string): Y.Text | null {
    const text = this.shapes.get(id)?.get('text');
    return text instanceof Y.Text ? text : null;
  }

  create(
    kind: Kind,
    style: Style,
    fields: Patch,
    content: { points?: number[]; text?: string } = {},
  ): string {
    const id = uuidv4();
    const map = new Y.Map<unknown>();
    const all = this.all();
    const z = (all[all.length - 1]?.z ?? 0) + 1;
    for (const [key, value] of Object.entries({ kind, ...style, z, ...fields })) map.set(key, value);
    if (kind === 'pen') map.set('points', Y.Array.from(content.points ?? []));
    if (kind === 'note' || kind === 'text') map.set('text', new Y.Text(content.text ?? ''));
    this.write(() => this.shapes.set(id, map));
    return id;
  }

  duplicate(ids: Iterable<string>, offset: number): string[] {
    const sources = this.all().filter((shape) => new Set(ids).has(shape.id));
    return this.write(() =>
      sources.map(({ id: _id, kind, points, text, z: _z, color, stroke, filled, ...place }) =>
        this.create(
          kind,
          { color, stroke, filled },
          { ...place, x: place.x + offset, y: place.y + offset },
          { points, text },
        ),
      ),
    );
  }

  // Shown now, written soon; a gesture calls it as often as it likes.
  stage(id: string, patch: Patch, points: number[] = []): void {
    if (!this.cache.has(id)) return;
    const entry = this.staged.get(id) ?? { patch: {}, points: [] };
    Object.assign(entry.patch, patch);
    entry.points.push(...points);
    this.staged.set(id, entry);
    this.refresh(id);
    this.emit([id]);
    this.timer ??= setTimeout(() => this.publish(), publishInterval_ms);
  }

  // Listeners hear of all that `change` stages at once: moving a hundred shapes draws once, not a hundred times.
  together(change: () => void): void {
    const outer = this.gathered;
    const gathered = (this.gathered = outer ?? new Set());
    try {
      change();
    } finally {
      this.gathered = outer;
      if (!outer) this.emit(gathered);
    }
  }

  // Writes what is staged.
  publish(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const staged = [...this.staged];
    this.staged.clear();
    if (staged.length === 0) return;
    this.write(() => {
      for (const [id, { patch, points }] of staged) {
        const map = this.shapes.get(id); // gone if somebody deleted it meanwhile
        if (!map) continue;
        for (const [key, value] of Object.entries(patch)) if (map.get(key) !== value) map.set(key, value);
        const array = map.get('points');
        if (points.length > 0 && array instanceof Y.Array) array.push(points);
      }
    });
  }

  patch(ids: Iterable<string>, patch: Patch): void {
    this.together(() => {
      for (const id of ids) this.stage(id, patch);
    });
    this.publish();
  }

  remove(ids: Iterable<string>): void {
    this.write(() => {
      for (const id of ids) this.shapes.delete(id);
    });
  }

  raise(ids: Iterable<string>): void {
    let top = Math.max(0, ...this.all().map((shape) => shape.z));
    this.write(() => {
      for (const id of ids) this.shapes.get(id)?.set('z', ++top);
    });
  }

  // Everything between begin and end is one step for undo, however long it takes.
  beginStep(): void {
    this.undo.stopCapturing();
    this.undo.captureTimeout = Infinity;
  }

  endStep(): void {
    this.publish();
    this.undo.captureTimeout = typingPause_ms;
    this.undo.stopCapturing();
  }

  // For a step that came to nothing: there is nothing to undo.
  dropStep(): void {
    this.endStep();
    this.undo.undoStack.pop();
    this.refreshUndo();
  }

  step<T>(change: () => T): T {
    this.beginStep();
    try {
      return change();
    } finally {
      this.endStep();
    }
  }

  // Runs `change` as one transaction of ours, which is what undo goes by.
  write<T>(change: () => T): T {
    return this.doc.transact(change, this);
  }

  private readonly onChange = (events: Y.YEvent<any>[]): void => {
    const ids = new Set<string>();
    for (const event of events) {
      if (event.path.length > 0) ids.add(String(event.path[0]));
      else for (const id of event.changes.keys.keys()) ids.add(id);
    }
    for (const id of ids) this.refresh(id);
    this.emit(ids);
  };

  private refreshUndo(): void {
    this.canUndo.value = this.undo.canUndo();
    this.canRedo.value = this.undo.canRedo();
  }

  private refresh(id: string): void {
    const shape = readShape(id, this.shapes.get(id));
    if (!shape) {
      this.cache.delete(id);
      this.staged.delete(id);
      return;
    }
    const staged = this.staged.get(id);
    this.cache.set(
      id,
      staged ? { ...shape, ...staged.patch, points: shape.points.concat(staged.points) } : shape,
    );
  }

  private emit(ids: Iterable<string>): void {
    if (this.gathered) {
      for (const id of ids) this.gathered.add(id);
      return;
    }
    const changed = new Set(ids);
    for (const listener of [...this.listeners]) listener(changed);
  }
}
