// Draws the shapes as SVG: crisp at every zoom, and the browser finds what the pointer hits.
import { h, svg } from '../base/dom.ts';
import { arrowHeadPath, normalize, strokePath } from './geometry.ts';
import type { BoardModel } from './model.ts';
import { describe, type Shape } from './shapes.ts';
import { fontSize } from './text-metrics.ts';

export class ShapesView {
  readonly element = svg('g', { class: 'shapes' });
  private readonly nodes = new Map<string, SVGGElement>();
  private hidden: string | null = null;

  constructor(private readonly model: BoardModel) {
    this.redraw(new Set(model.all().map((shape) => shape.id)));
    model.subscribe((ids) => this.redraw(ids));
  }

  // While a text is being edited its field stands in its place.
  hideText(id: string | null): void {
    const changed = [this.hidden, id].filter((one): one is string => one !== null);
    this.hidden = id;
    this.redraw(new Set(changed));
  }

  private redraw(ids: Set<string>): void {
    let reorder = false;
    for (const id of ids) {
      const shape = this.model.get(id);
      const node = this.nodes.get(id);
      if (!shape) {
        node?.remove();
        this.nodes.delete(id);
        continue;
      }
      reorder ||= node?.dataset['z'] !== String(shape.z);
      this.nodes.set(id, this.draw(shape, node ?? svg('g')));
    }
    if (reorder) this.reorder();
  }

  // Moves only the nodes that are out of place, so that a board of thousands stays calm.
  private reorder(): void {
    let previous: Element | null = null;
    for (const { id } of this.model.all()) {
      const node = this.nodes.get(id)!;
      const next: Element | null = previous ? previous.nextElementSibling : this.element.firstElementChild;
      if (next !== node) this.element.insertBefore(node, next);
      previous = node;
    }
  }

  private draw(shape: Shape, node: SVGGElement): SVGGElement {
    node.setAttribute('class', `shape ${shape.kind} ink-${shape.color}${shape.filled ? ' filled' : ''}`);
    node.setAttribute('role', 'img');
    node.setAttribute('aria-label', describe(shape));
    Object.assign(node.dataset, { shape: shape.id, kind: shape.kind, z: String(shape.z) });
    node.style.setProperty('--stroke', `${shape.stroke}px`);
    node.replaceChildren(...outline(shape, shape.id === this.hidden));
    return node;
  }
}

function outline(shape: Shape, textHidden: boolean): SVGElement[] {
  const { x, y, width, height } = normalize(shape);
  switch (shape.kind) {
    case 'pen':
      return withHitArea(
        svg('path', {
          d: strokePath(shape.points, shape.scaleX, shape.scaleY),
          transform: `translate(${shape.x} ${shape.y})`,
        }),
      );
    case 'rectangle':
      return withHitArea(svg('rect', { x, y, width, height, rx: Math.min(10, width / 4, height / 4) }));
    case 'ellipse':
      return withHitArea(
        svg('ellipse', { cx: x + width / 2, cy: y + height / 2, rx: width / 2, ry: height / 2 }),
      );
    case 'line':
    case 'arrow': {
      const shaft = `M${shape.x} ${shape.y}l${shape.width} ${shape.height}`;
      return withHitArea(
        svg('path', { d: shape.kind === 'line' ? shaft : shaft + arrowHeadPath(shape, shape.stroke) }),
      );
    }
    case 'note':
      return [
        svg('rect', { class: 'note-shadow', x: x + 1, y: y + 5, width, height, rx: 5 }),
        svg('rect', { class: 'note-paper', x, y, width, height, rx: 3 }),
        ...(textHidden ? [] : [textBox(shape)]),
      ];
    case 'text':
      return [
        svg('rect', { class: 'hit-box', x, y, width, height }),
        ...(textHidden ? [] : [textBox(shape)]),
      ];
  }
}

// Thin lines are hard to hit, above all with a finger; an unseen broad copy takes the pointer.
function withHitArea(element: SVGElement): SVGElement[] {
  const hit = element.cloneNode() as SVGElement;
  hit.setAttribute('class', 'hit');
  element.setAttribute('class', 'line');
  return [hit, element];
}

function textBox(shape: Shape): SVGElement {
  const { x, y, width, height } = normalize(shape);
  const text = h('div', { class: 'shape-text' }, shape.text);
  text.style.fontSize = `${fontSize(shape)}px`;
  return svg('foreignObject', { x, y, width: Math.max(1, width), height: Math.max(1, height) }, text);
}
