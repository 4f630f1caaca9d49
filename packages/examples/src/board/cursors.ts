// The others' pointers with their names, and ours to them.
import { h, svg } from '../base/dom.ts';
import type { Peer, Presence } from '../session/presence.ts';
import type { Point } from './geometry.ts';
import type { Viewport } from './viewport.ts';

const shareInterval_ms = 50;

export class Cursors {
  readonly element = h('div', { class: 'cursors', 'aria-hidden': 'true' });
  private readonly nodes = new Map<number, HTMLElement>();
  private readonly unsubscribe: (() => void)[];
  private pending: Point | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    surface: Element,
    private readonly viewport: Viewport,
    private readonly presence: Presence,
  ) {
    surface.addEventListener('pointermove', (event) => this.share(viewport.toBoard(event as PointerEvent)));
    surface.addEventListener('pointerleave', () => this.share(null));
    surface.addEventListener('pointerup', (event) => {
      if ((event as PointerEvent).pointerType !== 'mouse') this.share(null);
    });
    this.unsubscribe = [
      presence.peers.subscribe((peers) => this.draw(peers)),
      viewport.view.subscribe(() => this.draw(presence.peers.value, true)),
    ];
  }

  destroy(): void {
    clearTimeout(this.timer);
    for (const one of this.unsubscribe) one();
  }

  // The newest position wins; leaving is told at once.
  private share(point: Point | null): void {
    this.pending = point && { x: Math.round(point.x), y: Math.round(point.y) };
    if (point === null) {
      clearTimeout(this.timer);
      this.timer = undefined;
      this.presence.share('pointer', null);
    } else
      this.timer ??= setTimeout(() => {
        this.timer = undefined;
        this.presence.share('pointer', this.pending);
      }, shareInterval_ms);
  }

  private draw(peers: Peer[], viewMoved = false): void {
    const shown = peers.filter((peer) => !peer.self && peer.pointer);
    for (const [id, node] of this.nodes) {
      if (shown.some((peer) => peer.clientId === id)) continue;
      node.remove();
      this.nodes.delete(id);
    }
    for (const peer of shown) {
      let node = this.nodes.get(peer.clientId);
      if (!node) {
        node = newCursor();
        this.nodes.set(peer.clientId, node);
        this.element.append(node);
      }
      const { x, y } = this.viewport.toScreen(peer.pointer!);
      node.classList.toggle('still', viewMoved); // glides after its person, sticks to the board when we pan
      node.style.transform = `translate(${x}px, ${y}px)`;
      node.style.setProperty('--who', peer.color);
      node.dataset['name'] = peer.name;
      node.lastElementChild!.textContent = peer.name;
    }
  }
}

function newCursor(): HTMLElement {
  return h(
    'div',
    { class: 'cursor', 'data-testid': 'cursor' },
    svg(
      'svg',
      { width: 20, height: 22, viewBox: '0 0 20 22' },
      svg('path', { d: 'M2 1.5 17.5 11l-7 1.7L6.6 19.5Z' }),
    ),
    h('span', { class: 'cursor-name' }),
  );
}
