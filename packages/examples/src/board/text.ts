// Edits the text of a note or a text shape in place, bound to its Y.Text: several people may type into one note.
import { simpleDiffString } from 'lib0/diff';
import type * as Y from 'yjs';
import { h } from '../base/dom.ts';
import { normalize } from './geometry.ts';
import type { BoardModel } from './model.ts';
import { fontSize } from './text-metrics.ts';
import type { ShapesView } from './view.ts';
import type { Viewport } from './viewport.ts';

const caretRoom = 4; // the caret stands behind the last letter

export class TextEditing {
  readonly element = h('div', { class: 'text-layer' });
  private stop: (() => void) | null = null;

  constructor(
    private readonly model: BoardModel,
    private readonly view: ShapesView,
    private readonly viewport: Viewport,
    private readonly onDone: () => void,
  ) {}

  get active(): boolean {
    return this.stop !== null;
  }

  start(id: string): void {
    this.end();
    const text = this.model.text(id);
    if (!text) return;
    const field = h('textarea', {
      class: 'text-field',
      'aria-label': 'Text',
      'data-testid': 'shape-text',
      spellcheck: 'false',
      placeholder: 'Type…',
    });
    field.value = text.toString();
    this.model.undo.stopCapturing();

    const place = () => this.place(id, field);
    const onRemote = (event: Y.YTextEvent) => {
      if (field.value !== text.toString()) mergeInto(field, event);
    };
    const unsubscribe = [
      this.viewport.view.subscribe(place),
      this.model.subscribe((ids) => {
        if (!ids.has(id)) return;
        if (this.model.has(id)) place();
        else this.end();
      }),
    ];
    text.observe(onRemote);
    field.addEventListener('input', () => {
      const { index, remove, insert } = simpleDiffString(text.toString(), field.value);
      this.model.write(() => {
        text.delete(index, remove);
        text.insert(index, insert);
      });
      this.growNote(id, field);
    });
    field.addEventListener('blur', () => this.end());
    field.addEventListener('keydown', (event) => {
      const command = event.ctrlKey || event.metaKey;
      if (event.key === 'Escape' || (event.key === 'Enter' && command)) this.end();
      else if (command && event.key.toLowerCase() === 'z')
        event.shiftKey ? this.model.undo.redo() : this.model.undo.undo();
      else if (command && event.key.toLowerCase() === 'y') this.model.undo.redo();
      else return void event.stopPropagation();
      event.preventDefault();
      event.stopPropagation();
    });

    this.stop = () => {
      for (const one of unsubscribe) one();
      text.unobserve(onRemote);
      this.view.hideText(null);
      field.remove();
      if (this.model.get(id)?.kind === 'text' && text.toString().trim() === '') this.model.remove([id]);
      this.model.undo.stopCapturing();
    };
    this.view.hideText(id);
    this.element.replaceChildren(field);
    place();
    field.focus({ preventScroll: true });
    field.setSelectionRange(field.value.length, field.value.length);
  }

  end(): void {
    const stop = this.stop;
    this.stop = null;
    stop?.();
    if (stop) this.onDone();
  }

  private place(id: string, field: HTMLTextAreaElement): void {
    const shape = this.model.get(id);
    if (!shape) return;
    const box = normalize(shape);
    const { x, y } = this.viewport.toScreen(box);
    field.className = `text-field ${shape.kind} ink-${shape.color}`;
    Object.assign(field.style, {
      transform: `translate(${x}px, ${y}px) scale(${this.viewport.view.value.zoom})`,
      width: `${box.width + caretRoom}px`,
      height: `${box.height}px`,
      fontSize: `${fontSize(shape)}px`,
    });
  }

  // A note that is full grows.
  private growNote(id: string, field: HTMLTextAreaElement): void {
    const shape = this.model.get(id);
    if (shape?.kind === 'note' && field.scrollHeight > shape.height)
      this.model.patch([id], { height: field.scrollHeight });
  }
}

// Takes over what somebody else typed without moving this person's caret away from its text.
function mergeInto(field: HTMLTextAreaElement, event: Y.YTextEvent): void {
  let { selectionStart: start, selectionEnd: end } = field;
  let index = 0;
  for (const part of event.delta) {
    const inserted = typeof part.insert === 'string' ? part.insert.length : 0;
    const removed = part.delete ?? 0;
    const shift = (at: number) =>
      at < index ? at : at - Math.min(removed, at - index) + (at > index || inserted === 0 ? inserted : 0);
    [start, end] = [shift(start), shift(end)];
    index += (part.retain ?? 0) + inserted;
  }
  field.value = event.target.toString();
  field.setSelectionRange(start, end);
}
