// Opens the room that the address names and puts the page together around it.
import './styles/base.css';
import './styles/chrome.css';
import './styles/board.css';
import './styles/page.css';
import { h, svg } from './base/dom.ts';
import { whiteboard } from './board/whiteboard.ts';
import type { Page } from './page/page.ts';
import { goToFreshRoom, goToRoom, Room, roomNameFromAddress } from './session/room.ts';
import { helpButton } from './ui/help.ts';
import { mark } from './ui/icons.ts';
import { layoutSignal, layoutSwitch } from './ui/layout.ts';
import { people } from './ui/people.ts';
import { openSecondWindow, share } from './ui/share.ts';
import { statusPill } from './ui/status.ts';
import { themeButton } from './ui/theme.ts';

const app = document.querySelector<HTMLElement>('#app')!;
const layout = layoutSignal();
const views = layoutSwitch(layout);
const commonTools = [themeButton(), helpButton()];

function open(name: string): () => void {
  const room = new Room(name);
  const status = statusPill(room);
  const board = whiteboard(room, hint());
  const main = h('main', { class: 'stage' }, board.element);
  document.title = `${name} · Symphony`;
  app.replaceChildren(
    h(
      'header',
      { class: 'top' },
      h('a', { class: 'brand', href: '#', title: 'A new room' }, mark(), h('span', {}, 'Symphony')),
      roomField(name),
      status.element,
      h('span', { class: 'space' }),
      views,
      h('span', { class: 'space' }),
      people(room.presence),
      ...commonTools,
      share(),
    ),
    main,
  );

  let page: Promise<Page | null> | null = null;
  let closed = false;
  const stopLayout = layout.subscribe((value) => {
    app.dataset['layout'] = value;
    if (value === 'board' || page) return;
    page = import('./page/page.ts').then(
      ({ Page }) => new Page(room),
      () => null,
    );
    void page.then((loaded) => {
      if (closed) return;
      if (loaded) return main.append(loaded.element);
      page = null; // its code could not be fetched; choosing it again tries again
      layout.value = 'board';
    });
  });

  return () => {
    closed = true;
    stopLayout();
    status.destroy();
    board.destroy();
    void Promise.resolve(page).then((loaded) => {
      loaded?.destroy();
      room.destroy();
    });
  };
}

function roomField(name: string): HTMLElement {
  const field = h('input', {
    type: 'text',
    class: 'room-name',
    value: name,
    size: Math.max(6, name.length),
    maxlength: 80,
    spellcheck: 'false',
    autocomplete: 'off',
    'aria-label': 'Room',
    title: 'Another name opens another room',
    'data-testid': 'room-name',
    onkeydown: (event: KeyboardEvent) => {
      if (event.key === 'Enter') field.blur();
    },
    onchange: () => {
      if (field.value.trim()) goToRoom(field.value.trim());
    },
  });
  return field;
}

function hint(): HTMLElement {
  return h(
    'div',
    { class: 'hint', 'data-testid': 'hint' },
    staff(),
    h('p', { class: 'hint-title' }, 'Draw the first note.'),
    h(
      'p',
      {},
      'Then ',
      h('button', { type: 'button', class: 'link', onclick: openSecondWindow }, 'open a second window'),
      ' and watch it arrive.',
    ),
  );
}

// Five lines, and a tune in the inks of the board.
function staff(): SVGElement {
  const lines = [0, 1, 2, 3, 4].map((line) => svg('path', { d: `M0 ${42 + line * 12}h360` }));
  const notes = (['rose', 'amber', 'moss', 'lake', 'plum'] as const).map((color, index) => {
    const [x, y] = [100 + index * 40, [84, 72, 60, 66, 48][index]!];
    return svg(
      'g',
      { class: `tune ink-${color}`, style: `animation-delay:${index * 110}ms` },
      svg('ellipse', { rx: 7.5, ry: 5.6, transform: `translate(${x} ${y}) rotate(-20)` }),
      svg('path', { d: `M${x + 6.6} ${y - 2}V${y - 36}` }),
    );
  });
  return svg(
    'svg',
    { class: 'staff', viewBox: '0 0 360 108', 'aria-hidden': 'true' },
    svg('g', { class: 'staff-lines' }, ...lines),
    ...notes,
  );
}

let close: (() => void) | null = null;

function follow(): void {
  if (!roomNameFromAddress()) goToFreshRoom();
  close?.();
  close = open(roomNameFromAddress());
}

window.addEventListener('hashchange', follow);
follow();
