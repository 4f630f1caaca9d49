// Pointers to gestures: mouse, pen and fingers draw with the present tool; two fingers, the wheel, the middle button
// and the space bar move the view instead.
import { isTyping } from '../base/dom.ts';
import type { Gesture } from './gestures.ts';
import type { Handle, Point } from './geometry.ts';
import type { Viewport } from './viewport.ts';

export interface Hit {
  shape: string | null;
  handle: Handle | null;
}

export interface PointerTarget {
  start(point: Point, hit: Hit, shift: boolean): Gesture | null;
  panning(): boolean; // the hand tool is in use
  doubleTap(point: Point, hit: Hit): boolean; // false: it means nothing here and is a tap like any other
}

const doubleTap_ms = 350;
const doubleTapReach = 12;

export function listenToPointers(
  surface: SVGSVGElement,
  viewport: Viewport,
  target: PointerTarget,
): () => void {
  const down = new Map<number, { clientX: number; clientY: number }>();
  const abort = new AbortController();
  const { signal } = abort;
  let gesture: Gesture | null = null;
  let space = false;
  let lastTap = { time: -Infinity, clientX: 0, clientY: 0 };

  const pan = (from: PointerEvent): Gesture => {
    let last = from;
    surface.classList.add('panning');
    const end = () => surface.classList.remove('panning');
    return {
      move() {
        const now = down.get(from.pointerId)!;
        viewport.panBy(now.clientX - last.clientX, now.clientY - last.clientY);
        last = now as PointerEvent;
      },
      end,
      cancel: end,
    };
  };

  surface.addEventListener(
    'pointerdown',
    (event) => {
      if (event.button !== 0 && event.button !== 1) return;
      event.preventDefault();
      surface.focus({ preventScroll: true });
      surface.setPointerCapture(event.pointerId);
      down.set(event.pointerId, event);
      if (down.size > 1) {
        gesture?.cancel();
        gesture = null;
        return;
      }
      const hit = hitOf(event.target);
      const point = viewport.toBoard(event);
      const nearLast =
        Math.hypot(event.clientX - lastTap.clientX, event.clientY - lastTap.clientY) < doubleTapReach;
      const isDouble = nearLast && event.timeStamp - lastTap.time < doubleTap_ms;
      lastTap = {
        time: isDouble ? -Infinity : event.timeStamp,
        clientX: event.clientX,
        clientY: event.clientY,
      };
      if (event.button === 1 || space || target.panning()) gesture = pan(event);
      else if (!(isDouble && target.doubleTap(point, hit)))
        gesture = target.start(point, hit, event.shiftKey);
    },
    { signal },
  );

  surface.addEventListener(
    'pointermove',
    (event) => {
      const before = down.get(event.pointerId);
      if (!before) return;
      if (down.size === 2) pinch(down, event, viewport);
      down.set(event.pointerId, event);
      if (!gesture) return;
      const parts = gesture.everyPoint ? (event.getCoalescedEvents?.() ?? []) : [];
      for (const part of parts.length > 0 ? parts : [event])
        gesture.move(viewport.toBoard(part), { shift: event.shiftKey });
    },
    { signal },
  );

  const up = (event: PointerEvent) => {
    if (!down.delete(event.pointerId)) return;
    if (event.type === 'pointercancel') gesture?.cancel();
    else gesture?.end();
    gesture = null;
  };
  surface.addEventListener('pointerup', up, { signal });
  surface.addEventListener('pointercancel', up, { signal });

  surface.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      if (event.ctrlKey || event.metaKey) viewport.zoomBy(Math.exp(-event.deltaY * lines * 0.006), event);
      else if (event.shiftKey && event.deltaX === 0) viewport.panBy(-event.deltaY * lines, 0);
      else viewport.panBy(-event.deltaX * lines, -event.deltaY * lines);
    },
    { signal, passive: false },
  );

  const setSpace = (on: boolean) => {
    space = on;
    surface.classList.toggle('can-pan', on);
  };
  window.addEventListener(
    'keydown',
    (event) => {
      if (
        event.code !== 'Space'
        || event.repeat
        || isTyping(event.target)
        || event.target instanceof HTMLButtonElement
      )
        return;
      event.preventDefault();
      setSpace(true);
    },
    { signal },
  );
  window.addEventListener(
    'keyup',
    (event) => {
      if (event.code === 'Space') setSpace(false);
    },
    { signal },
  );
  window.addEventListener('blur', () => setSpace(false), { signal });

  return () => abort.abort();
}

function hitOf(target: EventTarget | null): Hit {
  const element = target instanceof Element ? target : null;
  const handle = element?.closest<SVGElement>('[data-handle]')?.dataset['handle'] as Handle | undefined;
  return {
    handle: handle ?? null,
    shape: element?.closest<SVGElement>('[data-shape]')?.dataset['shape'] ?? null,
  };
}

// Two fingers: their middle moves the view, their distance zooms it.
function pinch(
  down: Map<number, { clientX: number; clientY: number }>,
  event: PointerEvent,
  viewport: Viewport,
): void {
  const before = down.get(event.pointerId)!;
  const [other] = [...down].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
  if (!other) return;
  const distance = (point: { clientX: number; clientY: number }) =>
    Math.hypot(point.clientX - other.clientX, point.clientY - other.clientY);
  const middle = {
    clientX: (event.clientX + other.clientX) / 2,
    clientY: (event.clientY + other.clientY) / 2,
  };
  viewport.panBy((event.clientX - before.clientX) / 2, (event.clientY - before.clientY) / 2);
  if (distance(before) > 0) viewport.zoomBy(distance(event) / distance(before), middle);
}
