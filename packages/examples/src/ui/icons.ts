// Line icons on a 20 x 20 grid, drawn with the current colour.
import { svg } from '../base/dom.ts';

const paths = {
  select: 'M4.5 3.5 15.5 9l-4.8 1.5L8.6 15.5Z',
  hand: 'M7 10V5.2a1.2 1.2 0 0 1 2.4 0V9m0-4.6V4a1.2 1.2 0 0 1 2.4 0v5m0-3.6a1.2 1.2 0 0 1 2.4 0V12c0 3-1.8 5-4.6 5-2.2 0-3.4-.9-4.5-2.8L3.4 11.6a1.2 1.2 0 0 1 2-1.3L7 12.4',
  pen: 'M4 16l.9-3.4L13.3 4.2a1.5 1.5 0 0 1 2.2 0l.4.4a1.5 1.5 0 0 1 0 2.2L7.4 15.1Z M12 5.6l2.5 2.5',
  rectangle:
    'M5.5 5h9A1.5 1.5 0 0 1 16 6.5v7a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 4 13.5v-7A1.5 1.5 0 0 1 5.5 5Z',
  ellipse: 'M10 4.2a5.8 5.8 0 1 0 0 11.6a5.8 5.8 0 1 0 0-11.6Z',
  line: 'M4.5 15.5l11-11',
  arrow: 'M4.5 15.5l11-11M9 4.5h6.5V11',
  note: 'M5 4h10a1 1 0 0 1 1 1v6.5L11.5 16H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1ZM16 11.5h-3.5a1 1 0 0 0-1 1V16',
  text: 'M5 6.5V4.5h10v2M10 4.5v11M8 15.5h4',
  fill: 'M4.5 10.5 10 5l5.5 5.5L10 16ZM4.5 10.5h11M10 5 8 3',
  raise: 'M10 16V7M6 10.5 10 6.5l4 4M5 3.5h10',
  duplicate:
    'M8 7h7a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1ZM4.5 12.5A1 1 0 0 1 4 11.6V5a1 1 0 0 1 1-1h6.6a1 1 0 0 1 .9.5',
  trash: 'M4 6h12M8 6V4h4v2M5.5 6l.7 9a1 1 0 0 0 1 1h5.6a1 1 0 0 0 1-1l.7-9M8.5 9v4.5M11.5 9v4.5',
  undo: 'M7.5 4.5 4 8l3.5 3.5M4 8h7.5a4 4 0 0 1 0 8H8.5',
  redo: 'M12.5 4.5 16 8l-3.5 3.5M16 8H8.5a4 4 0 0 0 0 8h3',
  minus: 'M5 10h10',
  plus: 'M5 10h10M10 5v10',
  fit: 'M4 7.5V4h3.5M12.5 4H16v3.5M16 12.5V16h-3.5M7.5 16H4v-3.5',
  share:
    'M8.3 11.7a3 3 0 0 0 4.2 0l2.6-2.6a3 3 0 0 0-4.2-4.2l-.8.8M11.7 8.3a3 3 0 0 0-4.2 0l-2.6 2.6a3 3 0 0 0 4.2 4.2l.8-.8',
  sun: 'M10 6.8a3.2 3.2 0 1 0 0 6.4a3.2 3.2 0 1 0 0-6.4ZM10 2.5v1.3M10 16.2v1.3M2.5 10h1.3M16.2 10h1.3M4.7 4.7l.9.9M14.4 14.4l.9.9M4.7 15.3l.9-.9M14.4 5.6l.9-.9',
  moon: 'M16 11.5A6.5 6.5 0 0 1 8.5 4 6.3 6.3 0 1 0 16 11.5Z',
  help: 'M10 3a7 7 0 1 0 0 14a7 7 0 1 0 0-14ZM8 8.2a2 2 0 1 1 2.8 1.9c-.6.3-.8.7-.8 1.3v.2M10 13.8v.1',
  board: 'M4.5 4.5h11v8.5h-11ZM10 13v3.5M7 16.5h6M7 10c1.5-3 2.5 1 3.5-1s1.5-1 2.5 0',
  page: 'M6 3.5h6l3 3v10H6ZM8.5 9.5h4M8.5 12h4M8.5 7h1.5',
  both: 'M4 4.5h12v11H4ZM11 4.5v11',
  bold: 'M6.5 4.5h4a2.7 2.7 0 0 1 0 5.5h-4ZM6.5 10h4.7a2.8 2.8 0 0 1 0 5.5H6.5Z',
  italic: 'M8.5 4.5h6M5.5 15.5h6M11.8 4.5l-3.5 11',
  strike:
    'M4 10h12M13.5 6.5c-.5-1.3-1.8-2-3.5-2-2 0-3.5 1-3.5 2.6 0 1.2.9 2 2.5 2.5M6.3 13c.4 1.6 1.8 2.5 3.7 2.5 2.1 0 3.7-1 3.7-2.8 0-.6-.2-1.1-.5-1.5',
  code: 'M7.5 6 3.5 10l4 4M12.5 6l4 4-4 4',
  bullets: 'M8 5.5h8M8 10h8M8 14.5h8M4.5 5.5v.01M4.5 10v.01M4.5 14.5v.01',
  numbers: 'M9 5.5h7M9 10h7M9 14.5h7M4 4.5l1-.5v3.5M4 12.8c0-1.3 2-1.3 2 0 0 .8-2 1.2-2 2.7h2',
  tasks: 'M3.5 5.5 5 7l2.5-3M3.5 13 5 14.5l2.5-3M10.5 5.5h6M10.5 13h6',
  quote: 'M8 6C6 6.5 4.8 8 4.8 10.5V14h3.7v-4H6.6M15 6c-2 .5-3.2 2-3.2 4.5V14h3.7v-4h-1.9',
} as const;

export type IconName = keyof typeof paths;

export function icon(name: IconName): SVGElement {
  return svg(
    'svg',
    { class: 'icon', viewBox: '0 0 20 20', 'aria-hidden': 'true' },
    svg('path', { d: paths[name] }),
  );
}

// The mark: an S that is the sound hole of a violin.
export function mark(): SVGElement {
  return svg(
    'svg',
    { class: 'mark', viewBox: '0 0 24 24', 'aria-hidden': 'true' },
    svg('path', {
      class: 'mark-line',
      d: 'M15.8 6.3C15.6 4 13 3 11.6 4.7 9.8 7 11 10 12 12s2.2 5 .4 7.3C11 21 8.4 20 8.2 17.7',
    }),
    svg('path', { class: 'mark-line', d: 'M9.8 12.6l4.4-1.2' }),
    svg('circle', { class: 'mark-dot', cx: 15.3, cy: 6.9, r: 1.7 }),
    svg('circle', { class: 'mark-dot', cx: 8.7, cy: 17.1, r: 1.7 }),
  );
}
