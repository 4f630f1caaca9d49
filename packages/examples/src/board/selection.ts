// What is selected here and by the others, drawn over the board in screen coordinates.
import { svg } from '../base/dom.ts';
import { Signal } from '../base/signal.ts';
import type { Presence } from '../session/presence.ts';
import { corners, grow, handlePoint, union, type Box, type Handle } from './geometry.ts';
import type { BoardModel } from './model.ts';
import { boundsOf, isLine, type Shape } from './shapes.ts';
import type { Viewport } from './viewport.ts';

const framedMax = 200; // more than that get one frame around all
const sharedMax = 20; // presence is sent whole with each pointer movement, so it stays small

export class Selection {
  readonly ids = new Signal<ReadonlySet<string>>(new Set());
  readonly marquee = new Signal<Box | null>(null);
  readonly element = svg('g', { class: 'overlay' });

  constructor(
    private readonly model: BoardModel,
    private readonly viewport: Viewport,
    private readonly presence: Presence,
  ) {
    model.subscribe(() => {
      if ([...this.ids.value].some((id) => !model.has(id)))
        this.set([...this.ids.value].filter((id) => model.has(id)));
      this.draw();
    });
    this.ids.subscribe((ids) => {
      presence.share('selection', [...ids].slice(0, sharedMax));
      this.draw();
    });
    this.marquee.subscribe(() => this.draw());
    viewport.view.subscribe(() => this.draw());
  }

  set(ids: Iterable<string>): void {
    const next = new Set(ids);
    const same = next.size === this.ids.value.size && [...next].every((id) => this.ids.value.has(id));
    if (!same) this.ids.value = next;
  }

  toggle(id: string): void {
    const next = new Set(this.ids.value);
    if (!next.delete(id)) next.add(id);
    this.ids.value = next;
  }

  clear(): void {
    this.set([]);
  }

  get shapes(): Shape[] {
    return [...this.ids.value].map((id) => this.model.get(id)).filter((shape) => shape !== undefined);
  }

  get bounds(): Box | null {
    return union(this.shapes.map(boundsOf));
  }

  // Steps through the shapes in painting order: the keyboard's way to select.
  step(by: 1 | -1): Shape | undefined {
    const all = this.model.all();
    const [current] = this.ids.value;
    const at = all.findIndex((shape) => shape.id === current);
    const next = all[(at === -1 && by === -1 ? all.length - 1 : at + by + all.length) % all.length];
    if (next) this.set([next.id]);
    return next;
  }

  draw(): void {
    const parts: SVGElement[] = [];
    for (const peer of this.presence.peers.value) {
      if (peer.self) continue;
      for (const id of peer.selection) {
        const shape = this.model.get(id);
        if (shape) parts.push(this.frame(grow(boundsOf(shape), 3), 'peer-frame', peer.color));
      }
    }
    const shapes = this.shapes;
    const bounds = this.bounds;
    if (bounds) {
      if (shapes.length > 1 && shapes.length <= framedMax)
        parts.push(...shapes.map((shape) => this.frame(boundsOf(shape), 'member-frame')));
      const only = shapes.length === 1 ? shapes[0]! : null;
      if (only && isLine(only)) parts.push(...this.handles(only, ['start', 'end']));
      else parts.push(this.frame(bounds, 'own-frame'), ...this.handles(bounds, corners));
    }
    if (this.marquee.value) parts.push(this.frame(this.marquee.value, 'marquee'));
    this.element.replaceChildren(...parts);
  }

  private frame(box: Box, name: string, color?: string): SVGElement {
    const { x, y } = this.viewport.toScreen(box);
    const { zoom } = this.viewport.view.value;
    const frame = svg('rect', {
      class: name,
      x,
      y,
      width: box.width * zoom,
      height: box.height * zoom,
      rx: 2,
    });
    if (color) frame.style.setProperty('--who', color);
    return frame;
  }

  private handles(box: Box, handles: Handle[]): SVGElement[] {
    return handles.map((handle) => {
      const { x, y } = this.viewport.toScreen(handlePoint(box, handle));
      return svg(
        'g',
        { class: `handle ${handle}`, 'data-handle': handle, transform: `translate(${x} ${y})` },
        svg('circle', { class: 'handle-reach', r: 16 }),
        svg('circle', { class: 'handle-dot', r: 5.5 }),
      );
    });
  }
}
