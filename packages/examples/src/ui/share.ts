// Asking others in: the link, and a second window for whoever is alone.
import { h } from '../base/dom.ts';
import { icon } from './icons.ts';
import { popover } from './popover.ts';

export function share(): HTMLElement {
  const link = h('input', {
    type: 'text',
    class: 'field',
    readonly: true,
    'aria-label': 'Link to this room',
    onfocus: () => link.select(),
  });
  const copy = h(
    'button',
    {
      type: 'button',
      class: 'button primary',
      'data-testid': 'copy-link',
      onclick: () => copyLink(link, copy),
    },
    'Copy link',
  );
  const second = h(
    'button',
    { type: 'button', class: 'button', onclick: openSecondWindow },
    'Open a second window',
  );
  const toggle = h(
    'button',
    {
      type: 'button',
      class: 'button primary share-button',
      'data-testid': 'share',
      onclick: () => {
        link.value = location.href;
      },
    },
    icon('share'),
    h('span', {}, 'Share'),
  );
  return popover(
    toggle,
    'Share',
    h(
      'div',
      { class: 'share-panel' },
      h('h2', {}, 'Play together'),
      h('p', { class: 'quiet' }, 'Whoever has this link can see and change this room.'),
      link,
      h('div', { class: 'row' }, copy, second),
    ),
  );
}

export function openSecondWindow(): void {
  const width = Math.round(screen.availWidth / 2);
  window.open(
    location.href,
    '_blank',
    `noopener,width=${width},height=${screen.availHeight},left=${width},top=0`,
  );
}

async function copyLink(link: HTMLInputElement, button: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(location.href);
  } catch {
    // no clipboard without https or permission: the old way needs a selection
    link.focus();
    link.select();
    document.execCommand('copy');
  }
  button.textContent = 'Copied';
  setTimeout(() => {
    button.textContent = 'Copy link';
  }, 1600);
}
