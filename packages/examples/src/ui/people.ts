// Who is here, as a row of initials; behind it the list, and one's own name and colour.
import { h } from '../base/dom.ts';
import { initials, peopleColors } from '../base/names.ts';
import type { Peer, Presence } from '../session/presence.ts';
import { popover } from './popover.ts';

const facesMax = 5;

export function people(presence: Presence): HTMLElement {
  const faces = h('span', { class: 'faces' });
  const toggle = h('button', { type: 'button', class: 'people-button', 'data-testid': 'people' }, faces);
  const list = h('ul', { class: 'people-list', 'data-testid': 'people-list' });
  const name = h('input', {
    type: 'text',
    class: 'field',
    id: 'my-name',
    maxlength: 40,
    autocomplete: 'off',
    spellcheck: 'false',
    'data-testid': 'my-name',
    onchange: () => presence.rename({ name: name.value }),
    onkeydown: (event: KeyboardEvent) => {
      if (event.key === 'Enter') name.blur();
    },
  });
  const swatches = peopleColors.map((color) =>
    h('button', {
      type: 'button',
      class: 'swatch',
      style: `--c:${color}`,
      'aria-label': `My colour: ${color}`,
      'data-color': color,
      onclick: () => presence.rename({ color }),
    }),
  );

  presence.me.subscribe((me) => {
    if (document.activeElement !== name) name.value = me.name;
    for (const swatch of swatches)
      swatch.setAttribute('aria-pressed', String(swatch.dataset['color'] === me.color));
  });
  let shown = '';
  presence.peers.subscribe((peers) => {
    // Pointers move all the time; a button that is rebuilt between press and release would not hear the click.
    const next = JSON.stringify(peers.map(({ clientId, name, color }) => [clientId, name, color]));
    if (next === shown) return;
    shown = next;
    const more = peers.length - facesMax;
    faces.replaceChildren(
      ...peers.slice(0, facesMax).map(face),
      ...(more > 0 ? [h('span', { class: 'face more' }, `+${more}`)] : []),
    );
    toggle.setAttribute('aria-label', `${peers.length} here: ${peers.map((peer) => peer.name).join(', ')}`);
    toggle.dataset['count'] = String(peers.length);
    list.replaceChildren(
      ...peers.map((peer) =>
        h(
          'li',
          { 'data-name': peer.name },
          face(peer),
          h('span', { class: 'person-name' }, peer.name),
          ...(peer.self ? [h('span', { class: 'quiet' }, 'you')] : []),
        ),
      ),
    );
  });

  return popover(
    toggle,
    'People',
    h(
      'div',
      { class: 'people-panel' },
      h('label', { class: 'caption', for: 'my-name' }, 'Your name'),
      name,
      h('div', { class: 'swatches', role: 'group', 'aria-label': 'Your colour' }, ...swatches),
      h('h2', { class: 'caption' }, 'In this room'),
      list,
    ),
  );
}

function face(peer: Peer): HTMLElement {
  const element = h(
    'span',
    { class: 'face', title: peer.self ? `${peer.name} (you)` : peer.name, 'aria-hidden': 'true' },
    initials(peer.name),
  );
  element.style.setProperty('--who', peer.color);
  return element;
}
