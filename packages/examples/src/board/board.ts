// The board itself: puts model, view and pointers together. Its bars and keys: see whiteboard.ts.
import { h, svg } from '../base/dom.ts';
import type { Room } from '../session/room.ts';
import { Cursors } from './cursors.ts';
import { contains, union, type Point } from './geometry.ts';
import * as gestures from './gestures.ts';
import { BoardModel } from './model.ts';
import { listenToPointers, type Hit } from './pointer.ts';
import { Selection } from './selection.ts';
import { boundsOf, hasText, isLine, type Kind, type Style } from './shapes.ts';
import { TextEditing } from './text.ts';
import { Tools } from './tools.ts';
import { ShapesView } from './view.ts';
import { Viewport } from './viewport.ts';

export class Board {
  readonly element = h('section', { class: 'board', 'aria-label': 'Whiteboard' });
  readonly model: BoardModel;
  readonly tools = new Tools();
  readonly selection: Selection;
  readonly viewport: Viewport;
  readonly text: TextEditing;
  readonly surface = svg('svg', {
    class: 'surface',
    tabindex: 0,
    role: 'application',
    'data-testid': 'board',
    'aria-label':
      'Board. Press Enter to add a shape with the present tool, comma and full stop to step through shapes.',
  });
  private readonly cursors: Cursors;
  private readonly stopListening: (() => void)[];

  constructor(room: Room, hint: HTMLElement) {
    this.model = new BoardModel(room.doc);
    this.viewport = new Viewport(this.surface);
    this.selection = new Selection(this.model, this.viewport, room.presence);
    const view = new ShapesView(this.model);
    this.text = new TextEditing(this.model, view, this.viewport, () =>
      this.surface.focus({ preventScroll: true }),
    );
    this.cursors = new Cursors(this.surface, this.viewport, room.presence);
    const world = svg('g', { class: 'world' }, view.element);
    this.surface.append(world, this.selection.element);
    this.element.append(hint, this.surface, this.text.element, this.cursors.element);

    this.viewport.view.subscribe(({ x, y, zoom }) => {
      world.setAttribute('transform', `scale(${zoom}) translate(${-x} ${-y})`);
      this.element.style.setProperty('--zoom', String(zoom));
      this.element.style.setProperty('--grid', `${gridStep(zoom)}px`);
      this.element.style.setProperty('--grid-x', `${-x * zoom}px`);
      this.element.style.setProperty('--grid-y', `${-y * zoom}px`);
    });
    this.tools.tool.subscribe((tool) => {
      this.surface.dataset['tool'] = tool;
      if (tool !== 'select') this.selection.clear();
    });
    this.selection.ids.subscribe(() => {
      // the bar shows, and the next shape takes, the style of what is selected
      const [first] = this.selection.shapes;
      if (first) this.tools.style.value = { color: first.color, stroke: first.stroke, filled: first.filled };
    });
    const showHint = () => {
      hint.hidden = this.model.size > 0;
    };
    this.model.subscribe(showHint);
    showHint();

    this.stopListening = [
      listenToPointers(this.surface, this.viewport, {
        start: (point, hit, shift) => this.start(point, hit, shift),
        panning: () => this.tools.tool.value === 'hand',
        doubleTap: (point, hit) => this.doubleTap(point, hit),
      }),
      room.presence.peers.subscribe(() => this.selection.draw()),
      this.showAllOnArrival(room),
    ];
  }

  // What has to stop when the board is gone.
  untilDestroyed(stop: () => void): void {
    this.stopListening.push(stop);
  }

  destroy(): void {
    this.text.end();
    for (const stop of this.stopListening) stop();
    this.cursors.destroy();
    this.model.destroy();
    this.element.remove();
  }

  showAll(): void {
    const all = union(this.model.all().map(boundsOf));
    if (all) this.viewport.show(all);
  }

  deleteSelected(): void {
    this.model.step(() => this.model.remove(this.selection.ids.value));
  }

  duplicateSelected(): void {
    this.selection.set(this.model.step(() => this.model.duplicate(this.selection.ids.value, 24)));
  }

  // Whoever opens a board that is larger than the window first sees all of it.
  private showAllOnArrival(room: Room): () => void {
    let arrived = false;
    return room.connection.status.subscribe(({ link }) => {
      if (arrived || link !== 'live') return;
      arrived = true;
      const all = union(this.model.all().map(boundsOf));
      if (all && !contains(this.viewport.visible, all)) this.viewport.show(all);
    });
  }

  // Applies to what is selected, and to what is drawn next.
  setStyle(change: Partial<Style>): void {
    this.tools.style.value = { ...this.tools.style.value, ...change };
    if (this.selection.ids.value.size > 0)
      this.model.step(() => this.model.patch(this.selection.ids.value, change));
  }

  // The keyboard's way to draw: a shape of usual size in the middle of the view.
  addInTheMiddle(): void {
    const tool = this.tools.tool.value;
    if (tool === 'select' || tool === 'hand' || tool === 'pen') return;
    const { x, y, width, height } = this.viewport.visible;
    const middle = { x: Math.round(x + width / 2), y: Math.round(y + height / 2) };
    if (hasText({ kind: tool })) return this.placeText(tool, middle);
    const size = { width: 160, height: isLine({ kind: tool }) ? 0 : 110 };
    const place = { x: middle.x - size.width / 2, y: middle.y - size.height / 2 };
    this.finish(
      this.model.step(() => this.model.create(tool, this.tools.style.value, { ...place, ...size })),
    );
  }

  editText(id: string): void {
    this.selection.set([id]);
    this.text.start(id);
  }

  private get scene(): gestures.Scene {
    return { model: this.model, selection: this.selection, style: this.tools.style.value };
  }

  private start(point: Point, hit: Hit, shift: boolean): gestures.Gesture | null {
    if (this.text.active) {
      this.text.end();
      if (this.tools.tool.value !== 'select') return null;
    }
    const tool = this.tools.tool.value;
    switch (tool) {
      case 'hand':
        return null;
      case 'select':
        return this.startSelecting(point, hit, shift);
      case 'pen':
        return gestures.drawPen(this.scene, point);
      case 'note':
      case 'text': {
        // On release, so that the click that follows does not take the focus from the new field.
        const place = () => this.placeText(tool, point);
        return { move() {}, end: place, cancel() {} };
      }
      default:
        return gestures.drawShape(this.scene, tool, point, () => {
          this.tools.tool.value = 'select';
        });
    }
  }

  private startSelecting(point: Point, { handle, shape }: Hit, shift: boolean): gestures.Gesture {
    if (handle && this.selection.bounds) return gestures.resizeSelection(this.scene, handle);
    if (!shape) return gestures.selectInside(this.scene, point, shift);
    if (shift) this.selection.toggle(shape);
    else if (!this.selection.ids.value.has(shape)) this.selection.set([shape]);
    return gestures.moveSelection(this.scene, point);
  }

  private doubleTap(point: Point, { shape }: Hit): boolean {
    if (this.tools.tool.value !== 'select') return false; // the second of two quick pen strokes, say
    const hit = shape && this.model.get(shape);
    if (hit && !hasText(hit)) return false;
    if (hit) this.editText(hit.id);
    else this.placeText('text', point);
    return true;
  }

  private placeText(kind: Kind, point: Point): void {
    const style = { ...this.tools.style.value };
    if (kind === 'note' && style.color === 'ink') style.color = 'amber'; // black paper is for nobody
    const half = kind === 'note' ? gestures.noteSize / 2 : 20;
    const place = {
      x: Math.round(kind === 'note' ? point.x - half : point.x),
      y: Math.round(point.y - half),
    };
    const size = kind === 'note' ? { width: 2 * half, height: 2 * half } : {};
    const id = this.model.step(() => this.model.create(kind, style, { ...place, ...size }));
    this.finish(id);
    this.text.start(id);
  }

  private finish(id: string): void {
    this.tools.tool.value = 'select';
    this.selection.set([id]);
  }
}

// The dots of the paper keep a calm distance at every zoom.
function gridStep(zoom: number): number {
  let step = 24 * zoom;
  while (step < 16) step *= 2;
  while (step > 48) step /= 2;
  return step;
}
