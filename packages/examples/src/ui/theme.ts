// Light or dark: the system's choice until a person chooses here.
import { h } from '../base/dom.ts';
import { recall, remember } from '../base/remember.ts';
import { icon } from './icons.ts';

const system = matchMedia('(prefers-color-scheme: dark)');

export function themeButton(): HTMLElement {
  const button = h('button', {
    type: 'button',
    class: 'icon-button theme-button',
    onclick: () => choose(isDark() ? 'light' : 'dark'),
  });
  const draw = () => {
    const name = isDark() ? 'Light theme' : 'Dark theme';
    button.title = name;
    button.setAttribute('aria-label', name);
    button.replaceChildren(icon(isDark() ? 'sun' : 'moon'));
  };
  const choose = (theme: 'light' | 'dark') => {
    document.documentElement.dataset['theme'] = theme;
    remember('theme', theme);
    draw();
  };
  const stored = recall('theme');
  if (stored === 'light' || stored === 'dark') document.documentElement.dataset['theme'] = stored;
  system.addEventListener('change', draw);
  draw();
  return button;
}

function isDark(): boolean {
  const chosen = document.documentElement.dataset['theme'];
  return chosen ? chosen === 'dark' : system.matches;
}
