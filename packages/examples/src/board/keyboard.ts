// The board's keys. They work while nothing else on the page takes them.
import { isTyping } from '../base/dom.ts';
import type { Board } from './board.ts';
import { hasText } from './shapes.ts';
import { tools } from './tools.ts';

const arrows: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export function listenToKeys(board: Board): () => void {
  const onKey = (event: KeyboardEvent) => {
    if (
      event.defaultPrevented
      || isTyping(event.target)
      || document.querySelector('dialog[open], :popover-open')
    )
      return;
    if (board.element.offsetParent === null) return; // hidden: the page has the whole window
    const handled =
      event.ctrlKey || event.metaKey ? onCommand(board, event) : !event.altKey && onPlainKey(board, event);
    if (handled) event.preventDefault();
  };
  window.addEventListener('keydown', onKey);
  return () => window.removeEventListener('keydown', onKey);
}

function onCommand(board: Board, event: KeyboardEvent): boolean {
  const { model, selection, viewport } = board;
  switch (event.key.toLowerCase()) {
    case 'z':
      event.shiftKey ? model.undo.redo() : model.undo.undo();
      return true;
    case 'y':
      model.undo.redo();
      return true;
    case 'a':
      board.tools.tool.value = 'select';
      selection.set(model.all().map((shape) => shape.id));
      return true;
    case 'd':
      board.duplicateSelected();
      return true;
    case '=':
    case '+':
      viewport.zoomBy(1.25);
      return true;
    case '-':
      viewport.zoomBy(0.8);
      return true;
    case '0':
      viewport.resetZoom();
      return true;
    default:
      return false;
  }
}

function onPlainKey(board: Board, event: KeyboardEvent): boolean {
  const { model, selection, tools: state, surface } = board;
  const selected = selection.ids.value.size > 0;
  const arrow = arrows[event.key];
  if (arrow && selected) {
    const by = event.shiftKey ? 10 : 1;
    model.together(() => {
      for (const { id, x, y } of selection.shapes)
        model.stage(id, { x: x + arrow[0] * by, y: y + arrow[1] * by });
    });
    model.publish();
    return true;
  }
  const tool = event.shiftKey ? undefined : tools.find(({ key }) => key === event.key.toLowerCase());
  if (tool) {
    state.tool.value = tool.tool;
    return true;
  }
  switch (event.key) {
    case 'Delete':
    case 'Backspace':
      if (selected) board.deleteSelected();
      return selected;
    case 'Escape':
      selection.clear();
      state.tool.value = 'select';
      return true;
    case '!':
      board.showAll();
      return true;
  }
  if (event.target !== surface) return false; // the rest belongs to the focused board alone
  switch (event.key) {
    case ',':
    case '.': {
      state.tool.value = 'select';
      selection.step(event.key === '.' ? 1 : -1);
      return true;
    }
    case 'Enter': {
      const [only] = selection.shapes;
      if (only && hasText(only)) board.editText(only.id);
      else board.addInTheMiddle();
      return true;
    }
    default:
      return false;
  }
}
