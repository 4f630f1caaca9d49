// The connection's state in words that are true: "Saved" appears only when the server confirmed every edit made here.
import { h } from '../base/dom.ts';
import type { Status } from '../session/connection.ts';
import type { Room } from '../session/room.ts';

interface Words {
  state: string;
  label: string;
  detail: string;
}

export function describeStatus({ link, unsaved, acknowledges, reason }: Status): Words {
  switch (link) {
    case 'connecting':
      return {
        state: 'connecting',
        label: 'Connecting',
        detail: 'Waiting for the server. You can already write; it will be sent.',
      };
    case 'offline':
      return {
        state: 'offline',
        label: 'Offline',
        detail: unsaved
          ? 'Your latest edits are only in this tab. Keep it open: they are sent when the server is back.'
          : 'New edits stay in this tab and are sent when the server is back.',
      };
    case 'refused':
      return {
        state: 'refused',
        label: 'Refused',
        detail: `The server does not let us in: ${reason}. Edits stay in this tab only.`,
      };
    case 'live':
      if (!acknowledges)
        return {
          state: 'live',
          label: 'Live',
          detail: 'Connected. This server does not tell when edits are stored.',
        };
      return unsaved
        ? {
            state: 'saving',
            label: 'Saving',
            detail: 'Sent; the server has not yet confirmed that it stored everything.',
          }
        : {
            state: 'saved',
            label: 'Saved',
            detail: 'The server has confirmed that everything you changed is stored.',
          };
  }
}

export function statusPill(room: Room): { element: HTMLElement; destroy: () => void } {
  const label = h('span', { class: 'status-label' });
  const spoken = h('span', { class: 'unseen', role: 'status' });
  const pill = h(
    'span',
    { class: 'status', 'data-testid': 'status' },
    h('span', { class: 'status-dot' }),
    label,
  );
  const detail = h('p', { class: 'status-detail' });
  const stop = room.connection.status.subscribe((status) => {
    const words = describeStatus(status);
    pill.dataset['state'] = words.state;
    pill.dataset['link'] = status.link;
    pill.dataset['unsaved'] = String(status.unsaved);
    pill.title = words.detail;
    label.textContent = words.label;
    detail.textContent = words.detail;
    detail.hidden = status.link === 'live' || status.link === 'connecting';
    // A voice that says "saving, saved" at each letter helps nobody; coming and going of the connection does.
    const said = status.link === 'live' ? 'Connected' : `${words.label}. ${words.detail}`;
    if (spoken.textContent !== said) spoken.textContent = said;
  });
  const onLeave = (event: BeforeUnloadEvent) => {
    if (room.connection.status.value.unsaved) event.preventDefault();
  };
  window.addEventListener('beforeunload', onLeave);
  return {
    element: h('div', { class: 'status-box' }, pill, detail, spoken),
    destroy() {
      stop();
      window.removeEventListener('beforeunload', onLeave);
    },
  };
}
