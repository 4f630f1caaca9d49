// The page's format bar: every button shows whether its format is on at the caret.
import type { ChainedCommands, Editor } from '@tiptap/core';
import { h } from '../base/dom.ts';
import { icon, type IconName } from '../ui/icons.ts';

interface Format {
  name: string;
  image: IconName | string;
  run: (chain: ChainedCommands) => ChainedCommands;
  active?: (editor: Editor) => boolean;
}

const heading = (level: 1 | 2): Format => ({
  name: `Heading ${level}`,
  image: `H${level}`,
  run: (chain) => chain.toggleHeading({ level }),
  active: (editor) => editor.isActive('heading', { level }),
});

const groups: Format[][] = [
  [heading(1), heading(2)],
  [
    {
      name: 'Bold (Ctrl+B)',
      image: 'bold',
      run: (chain) => chain.toggleBold(),
      active: (editor) => editor.isActive('bold'),
    },
    {
      name: 'Italic (Ctrl+I)',
      image: 'italic',
      run: (chain) => chain.toggleItalic(),
      active: (editor) => editor.isActive('italic'),
    },
    {
      name: 'Strike through',
      image: 'strike',
      run: (chain) => chain.toggleStrike(),
      active: (editor) => editor.isActive('strike'),
    },
    {
      name: 'Code',
      image: 'code',
      run: (chain) => chain.toggleCode(),
      active: (editor) => editor.isActive('code'),
    },
  ],
  [
    {
      name: 'Bullet list',
      image: 'bullets',
      run: (chain) => chain.toggleBulletList(),
      active: (editor) => editor.isActive('bulletList'),
    },
    {
      name: 'Numbered list',
      image: 'numbers',
      run: (chain) => chain.toggleOrderedList(),
      active: (editor) => editor.isActive('orderedList'),
    },
    {
      name: 'Task list',
      image: 'tasks',
      run: (chain) => chain.toggleTaskList(),
      active: (editor) => editor.isActive('taskList'),
    },
    {
      name: 'Quote',
      image: 'quote',
      run: (chain) => chain.toggleBlockquote(),
      active: (editor) => editor.isActive('blockquote'),
    },
  ],
  [
    { name: 'Undo (Ctrl+Z)', image: 'undo', run: (chain) => chain.undo() },
    { name: 'Redo (Ctrl+Shift+Z)', image: 'redo', run: (chain) => chain.redo() },
  ],
];

export function formatBar(editor: Editor): HTMLElement {
  const updates: (() => void)[] = [];
  const button = ({ name, image, run, active }: Format) => {
    const element = h(
      'button',
      {
        type: 'button',
        class: 'icon-button',
        title: name,
        'aria-label': name,
        onmousedown: (event: Event) => event.preventDefault(), // the caret stays in the text
        onclick: () => run(editor.chain().focus()).run(),
      },
      /^H\d$/.test(image) ? h('span', { class: 'glyph' }, image) : icon(image as IconName),
    );
    if (active) updates.push(() => element.setAttribute('aria-pressed', String(active(editor))));
    return element;
  };
  const bar = h(
    'div',
    { class: 'format-bar', role: 'toolbar', 'aria-label': 'Format' },
    ...groups.map((group) => h('span', { class: 'group', role: 'group' }, ...group.map(button))),
  );
  const update = () => {
    for (const one of updates) one();
  };
  editor.on('transaction', update);
  update();
  return bar;
}
