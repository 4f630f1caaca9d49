// How large text is drawn, and how much place it takes.

export const lineHeight = 1.3;
export const textPadding = { x: 6, y: 4 };
const family =
  'ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';

// What of a shape says how large its text is.
interface Lettering {
  kind: string;
  stroke: number;
  scaleX: number;
  width: number;
  height: number;
  text: string;
}

// A text's size follows its stroke and what resizing did; a note's follows how much is on it, so that it stays inside.
export function fontSize({ kind, stroke, scaleX, width, height, text }: Lettering): number {
  if (kind === 'text') return Math.max(4, (12 + stroke * 4) * Math.abs(scaleX));
  const roomForOne = Math.sqrt(Math.abs(width * height) / Math.max(12, text.length));
  return Math.round(Math.min(26, Math.max(9, roomForOne * 0.78)));
}

// A text shape is as large as its text. Fonts differ between machines, so each measures with its own.
export function measureText(text: string, size: number): { width: number; height: number } {
  const lines = text.split('\n');
  const width = Math.max(...lines.map((line) => lineWidth(line, size)), size);
  return {
    width: Math.ceil(width) + 2 * textPadding.x,
    height: Math.ceil(lines.length * size * lineHeight) + 2 * textPadding.y,
  };
}

let context: CanvasRenderingContext2D | null | undefined;

function lineWidth(line: string, size: number): number {
  context ??= typeof document === 'undefined' ? null : document.createElement('canvas').getContext('2d');
  if (!context) return line.length * size * 0.55;
  context.font = `${size}px ${family}`;
  return context.measureText(line).width;
}
