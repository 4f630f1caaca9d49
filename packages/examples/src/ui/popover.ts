// A button with a panel below it. The browser's own popover closes it on Escape and on a click elsewhere.
import { h } from '../base/dom.ts';

let count = 0;

export function popover(button: HTMLButtonElement, name: string, content: HTMLElement): HTMLElement {
  const id = `popover-${++count}`;
  const panel = h(
    'div',
    { id, class: 'popover', popover: 'auto', role: 'dialog', 'aria-label': name },
    content,
  );
  button.setAttribute('popovertarget', id);
  button.setAttribute('aria-haspopup', 'dialog');
  panel.addEventListener('toggle', () => {
    const { bottom, right } = button.getBoundingClientRect();
    panel.style.top = `${bottom + 10}px`;
    panel.style.right = `${Math.max(10, document.documentElement.clientWidth - right)}px`;
  });
  return h('div', { class: 'popover-box' }, button, panel);
}
