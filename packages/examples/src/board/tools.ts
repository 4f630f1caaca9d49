// The tools of the board and the style of what is drawn next.
import { Signal } from '../base/signal.ts';
import type { IconName } from '../ui/icons.ts';
import { strokes, type Kind, type Style } from './shapes.ts';

export type Tool = 'select' | 'hand' | Kind;

export const tools: { tool: Tool; name: string; key: string; icon: IconName }[] = [
  { tool: 'select', name: 'Select', key: 'v', icon: 'select' },
  { tool: 'hand', name: 'Move around', key: 'h', icon: 'hand' },
  { tool: 'pen', name: 'Draw', key: 'p', icon: 'pen' },
  { tool: 'rectangle', name: 'Rectangle', key: 'r', icon: 'rectangle' },
  { tool: 'ellipse', name: 'Ellipse', key: 'o', icon: 'ellipse' },
  { tool: 'line', name: 'Line', key: 'l', icon: 'line' },
  { tool: 'arrow', name: 'Arrow', key: 'a', icon: 'arrow' },
  { tool: 'note', name: 'Sticky note', key: 'n', icon: 'note' },
  { tool: 'text', name: 'Text', key: 't', icon: 'text' },
];

export class Tools {
  readonly tool = new Signal<Tool>('pen');
  readonly style = new Signal<Style>({ color: 'ink', stroke: strokes.medium, filled: false });
}
