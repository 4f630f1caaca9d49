// The board's bars: tools and style at the bottom, undo and zoom beside them.
import { h } from '../base/dom.ts';
import { icon, type IconName } from '../ui/icons.ts';
import type { Board } from './board.ts';
import { colors, strokes } from './shapes.ts';
import { tools } from './tools.ts';

export function dock(board: Board): HTMLElement {
  return h(
    'div',
    { class: 'dock' },
    history(board),
    styleBar(board),
    selectionBar(board),
    toolBar(board),
    zoomBar(board),
  );
}

function button(
  name: string,
  image: IconName,
  onclick: () => void,
  more: Record<string, string> = {},
): HTMLButtonElement {
  return h(
    'button',
    { type: 'button', class: 'icon-button', title: name, 'aria-label': name, onclick, ...more },
    icon(image),
  );
}

function toolBar(board: Board): HTMLElement {
  const { tool: current } = board.tools;
  const buttons = tools.map(({ tool, name, key, icon: image }) => {
    const choose = () => {
      current.value = tool;
    };
    const element = button(`${name} (${key.toUpperCase()})`, image, choose, {
      'data-tool': tool,
      'aria-keyshortcuts': key,
    });
    current.subscribe((value) => element.setAttribute('aria-pressed', String(value === tool)));
    return element;
  });
  return h('div', { class: 'bar tools', role: 'toolbar', 'aria-label': 'Tools' }, ...buttons);
}

function styleBar(board: Board): HTMLElement {
  const { style } = board.tools;
  const swatches = colors.map((color) => {
    const element = h('button', {
      type: 'button',
      class: `swatch ink-${color}`,
      title: color,
      'aria-label': `Colour: ${color}`,
      'data-color': color,
      onclick: () => board.setStyle({ color }),
    });
    style.subscribe((value) => element.setAttribute('aria-pressed', String(value.color === color)));
    return element;
  });
  const widths = Object.entries(strokes).map(([name, stroke]) => {
    const element = h(
      'button',
      {
        type: 'button',
        class: 'icon-button width',
        title: `${name} line`,
        'aria-label': `Line: ${name}`,
        onclick: () => board.setStyle({ stroke }),
      },
      h('span', { style: `height:${stroke}px` }),
    );
    style.subscribe((value) => element.setAttribute('aria-pressed', String(value.stroke === stroke)));
    return element;
  });
  const fill = button('Fill shapes', 'fill', () => board.setStyle({ filled: !style.value.filled }));
  style.subscribe((value) => fill.setAttribute('aria-pressed', String(value.filled)));

  return h(
    'div',
    { class: 'bar style', role: 'toolbar', 'aria-label': 'Style' },
    ...swatches,
    h('span', { class: 'divider' }),
    ...widths,
    h('span', { class: 'divider' }),
    fill,
  );
}

function selectionBar(board: Board): HTMLElement {
  const bar = h(
    'div',
    { class: 'bar selection', role: 'toolbar', 'aria-label': 'Selection' },
    button('Bring to front', 'raise', () =>
      board.model.step(() => board.model.raise(board.selection.ids.value)),
    ),
    button('Duplicate (Ctrl+D)', 'duplicate', () => board.duplicateSelected()),
    button('Delete (Del)', 'trash', () => board.deleteSelected()),
  );
  board.selection.ids.subscribe((ids) => {
    bar.hidden = ids.size === 0;
  });
  return bar;
}

function history({ model }: Board): HTMLElement {
  const undo = button('Undo (Ctrl+Z)', 'undo', () => model.undo.undo());
  const redo = button('Redo (Ctrl+Shift+Z)', 'redo', () => model.undo.redo());
  model.canUndo.subscribe((can) => {
    undo.disabled = !can;
  });
  model.canRedo.subscribe((can) => {
    redo.disabled = !can;
  });
  return h('div', { class: 'bar history', role: 'toolbar', 'aria-label': 'History' }, undo, redo);
}

function zoomBar(board: Board): HTMLElement {
  const { viewport } = board;
  const level = h('button', {
    type: 'button',
    class: 'zoom-level',
    title: 'Back to 100% (Ctrl+0)',
    onclick: () => viewport.resetZoom(),
  });
  viewport.view.subscribe(({ zoom }) => {
    level.textContent = `${Math.round(zoom * 100)}%`;
  });
  return h(
    'div',
    { class: 'bar zoom', role: 'toolbar', 'aria-label': 'Zoom' },
    button('Zoom out (Ctrl+-)', 'minus', () => viewport.zoomBy(0.8)),
    level,
    button('Zoom in (Ctrl++)', 'plus', () => viewport.zoomBy(1.25)),
    button('Show everything (Shift+1)', 'fit', () => board.showAll()),
  );
}
