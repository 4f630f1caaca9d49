// The page: rich text by TipTap, kept in the same document as the board. Loaded when it is first seen.
import { Editor } from '@tiptap/core';
import { Collaboration } from '@tiptap/extension-collaboration';
import { CollaborationCaret } from '@tiptap/extension-collaboration-caret';
import { TaskItem, TaskList } from '@tiptap/extension-list';
import { Placeholder } from '@tiptap/extensions';
import { StarterKit } from '@tiptap/starter-kit';
import { h } from '../base/dom.ts';
import { readPerson } from '../session/presence.ts';
import type { Room } from '../session/room.ts';
import { formatBar } from './format-bar.ts';

export class Page {
  readonly element = h('section', { class: 'page', 'aria-label': 'Page' });
  private readonly editor: Editor;

  constructor(room: Room) {
    const paper = h('div', { class: 'paper' });
    this.editor = new Editor({
      element: paper,
      extensions: [
        StarterKit.configure({
          undoRedo: false, // undo is the binding's: own edits only
          trailingNode: false, // every window would add its own empty line to what another wrote
          link: { openOnClick: false },
        }),
        TaskList,
        TaskItem.configure({ nested: true }),
        Placeholder.configure({ placeholder: 'Write something together…' }),
        Collaboration.configure({ document: room.doc, field: 'page' }),
        CollaborationCaret.configure({
          provider: room.connection.provider,
          user: room.presence.me.value,
          render: caret,
          selectionRender: selected,
        }),
      ],
      editorProps: {
        attributes: {
          'aria-label': 'Page text',
          'data-testid': 'page',
          role: 'textbox',
          'aria-multiline': 'true',
        },
      },
    });
    this.element.append(formatBar(this.editor), h('div', { class: 'paper-scroll' }, paper));
  }

  destroy(): void {
    this.editor.destroy();
    this.element.remove();
  }
}

function caret(user: unknown): HTMLElement {
  const { name, color } = readPerson(user);
  const element = h(
    'span',
    { class: 'caret', 'data-testid': 'caret', 'data-name': name },
    h('span', { class: 'caret-name' }, name),
  );
  element.style.setProperty('--who', color);
  return element;
}

function selected(user: unknown) {
  return { class: 'caret-selection', style: `--who:${readPerson(user).color}` };
}
