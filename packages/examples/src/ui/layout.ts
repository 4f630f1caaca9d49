// Which parts are seen: the board, the page, or both where there is room for both.
import { h } from '../base/dom.ts';
import { recall, remember } from '../base/remember.ts';
import { Signal } from '../base/signal.ts';
import { icon, type IconName } from './icons.ts';

export type Layout = 'board' | 'both' | 'page';

const choices: { layout: Layout; name: string; icon: IconName }[] = [
  { layout: 'board', name: 'Board', icon: 'board' },
  { layout: 'both', name: 'Both', icon: 'both' },
  { layout: 'page', name: 'Page', icon: 'page' },
];
const narrow = matchMedia('(max-width: 899px)');

export function layoutSignal(): Signal<Layout> {
  const stored = recall('layout') as Layout | null;
  const usual: Layout = narrow.matches ? 'board' : 'both';
  const layout = new Signal<Layout>(
    stored && choices.some((choice) => choice.layout === stored) ? stored : usual,
  );
  const fitWindow = () => {
    if (narrow.matches && layout.value === 'both') layout.value = 'board';
  };
  fitWindow();
  narrow.addEventListener('change', fitWindow);
  return layout;
}

export function layoutSwitch(layout: Signal<Layout>): HTMLElement {
  const buttons = choices.map((choice) => {
    const button = h(
      'button',
      {
        type: 'button',
        class: 'switch',
        'data-layout': choice.layout,
        title: choice.name,
        onclick: () => {
          layout.value = choice.layout;
          remember('layout', choice.layout);
        },
      },
      icon(choice.icon),
      h('span', {}, choice.name),
    );
    layout.subscribe((value) => button.setAttribute('aria-pressed', String(value === choice.layout)));
    return button;
  });
  return h('div', { class: 'switches', role: 'group', 'aria-label': 'View' }, ...buttons);
}
