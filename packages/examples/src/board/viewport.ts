// Which part of the endless board is seen: screen = (board - origin) * zoom.
import { Signal } from '../base/signal.ts';
import { center, type Box, type Point } from './geometry.ts';

export interface View extends Point {
  zoom: number;
}

const zoomMin = 0.1;
const zoomMax = 8;

export class Viewport {
  readonly view = new Signal<View>({ x: 0, y: 0, zoom: 1 });

  constructor(private readonly element: Element) {}

  // From a pointer event's client coordinates to the board.
  toBoard(client: { clientX: number; clientY: number }): Point {
    const { left, top } = this.element.getBoundingClientRect();
    const { x, y, zoom } = this.view.value;
    return { x: (client.clientX - left) / zoom + x, y: (client.clientY - top) / zoom + y };
  }

  // From the board to CSS pixels inside the element.
  toScreen(point: Point): Point {
    const { x, y, zoom } = this.view.value;
    return { x: (point.x - x) * zoom, y: (point.y - y) * zoom };
  }

  get visible(): Box {
    const { width, height } = this.element.getBoundingClientRect();
    const { x, y, zoom } = this.view.value;
    return { x, y, width: width / zoom, height: height / zoom };
  }

  panBy(dx: number, dy: number): void {
    const { x, y, zoom } = this.view.value;
    this.view.value = { x: x - dx / zoom, y: y - dy / zoom, zoom };
  }

  // Keeps what is under `client` where it is.
  zoomBy(factor: number, client = this.clientCenter()): void {
    const fixed = this.toBoard(client);
    const zoom = Math.min(zoomMax, Math.max(zoomMin, this.view.value.zoom * factor));
    const ratio = this.view.value.zoom / zoom;
    const { x, y } = this.view.value;
    this.view.value = { x: fixed.x - (fixed.x - x) * ratio, y: fixed.y - (fixed.y - y) * ratio, zoom };
  }

  resetZoom(): void {
    this.zoomBy(1 / this.view.value.zoom);
  }

  show(box: Box): void {
    const { width, height } = this.element.getBoundingClientRect();
    const bars = Math.min(150, height / 3); // they cover the lower end of the board
    const [spaceX, spaceY] = [Math.max(80, width - 64), Math.max(80, height - bars - 64)];
    const zoom = Math.max(zoomMin, Math.min(1.5, spaceX / (box.width || 1), spaceY / (box.height || 1)));
    const middle = center(box);
    this.view.value = { x: middle.x - width / 2 / zoom, y: middle.y - (height - bars) / 2 / zoom, zoom };
  }

  private clientCenter() {
    const { left, top, width, height } = this.element.getBoundingClientRect();
    return { clientX: left + width / 2, clientY: top + height / 2 };
  }
}
