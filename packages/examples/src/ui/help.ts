// The list of keys, behind '?'.
import { h, isTyping } from '../base/dom.ts';
import { tools } from '../board/tools.ts';
import { icon } from './icons.ts';

const keys: [string, string][] = [
  ['Space + drag, wheel', 'Move around'],
  ['Ctrl + wheel, pinch', 'Zoom'],
  ['Shift + 1', 'Show everything'],
  ['Ctrl + 0', 'Back to 100%'],
  ['Ctrl + Z', 'Undo'],
  ['Ctrl + Shift + Z', 'Redo'],
  ['Ctrl + D', 'Duplicate'],
  ['Ctrl + A', 'Select all'],
  ['Delete', 'Delete'],
  ['Arrow keys', 'Nudge, with Shift by ten'],
  [', and .', 'Previous and next shape'],
  ['Enter', 'Edit the text, or add a shape'],
  ['Double click', 'Edit the text, or write'],
  ['Shift while drawing', 'Square, circle, straight'],
  ['Escape', 'Let go'],
];

export function helpButton(): HTMLElement {
  const row = ([key, meaning]: [string, string]) =>
    h('div', { class: 'key-row' }, h('dt', {}, h('kbd', {}, key)), h('dd', {}, meaning));
  const dialog = h(
    'dialog',
    { class: 'help', 'aria-label': 'Keyboard shortcuts' },
    h(
      'form',
      { method: 'dialog' },
      h('h2', {}, 'Keys'),
      h('dl', {}, ...tools.map(({ key, name }) => row([key.toUpperCase(), name])), ...keys.map(row)),
      h('button', { class: 'button primary' }, 'Close'),
    ),
  );
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  window.addEventListener('keydown', (event) => {
    if (event.key === '?' && !isTyping(event.target) && !dialog.open) dialog.showModal();
  });
  return h(
    'div',
    { class: 'help-box' },
    h(
      'button',
      {
        type: 'button',
        class: 'icon-button',
        title: 'Keys (?)',
        'aria-label': 'Keyboard shortcuts',
        onclick: () => dialog.showModal(),
      },
      icon('help'),
    ),
    dialog,
  );
}
