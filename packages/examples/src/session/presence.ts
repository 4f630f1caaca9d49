// Who is here: our own name and colour, and those of the others, through Yjs awareness.
import type { Awareness } from 'y-protocols/awareness';
import { peopleColors, pick, randomPersonName } from '../base/names.ts';
import { recall, remember } from '../base/remember.ts';
import { Signal } from '../base/signal.ts';

export interface Person {
  name: string;
  color: string; // #rrggbb
}

export interface Peer extends Person {
  clientId: number;
  self: boolean;
  pointer: { x: number; y: number } | null; // on the board
  selection: string[]; // ids of shapes
}

const nameCharactersMax = 40;

export class Presence {
  readonly me: Signal<Person>;
  readonly peers = new Signal<Peer[]>([]); // ourselves first, then by client id

  constructor(private readonly awareness: Awareness) {
    this.me = new Signal(loadPerson());
    this.me.subscribe((person) => awareness.setLocalStateField('user', person));
    awareness.on('change', this.refresh);
    this.refresh();
  }

  destroy(): void {
    this.awareness.off('change', this.refresh);
  }

  rename(change: Partial<Person>): void {
    const person = readPerson({ ...this.me.value, ...change });
    remember('me', JSON.stringify(person));
    this.me.value = person;
  }

  share(field: 'pointer' | 'selection', value: unknown): void {
    this.awareness.setLocalStateField(field, value);
  }

  private readonly refresh = (): void => {
    const self = this.awareness.clientID;
    this.peers.value = [...this.awareness.getStates()]
      .filter(([, state]) => state['user'])
      .map(([clientId, state]) => readPeer(clientId, state, clientId === self))
      .sort((a, b) => Number(b.self) - Number(a.self) || a.clientId - b.clientId);
    this.stepAside();
  };

  // Of two people with one colour that neither chose, the one with the larger id takes another.
  private stepAside(): void {
    const others = this.peers.value.filter((peer) => !peer.self);
    const { color } = this.me.value;
    if (
      load('everywhere')
      || !others.some((peer) => peer.color === color && peer.clientId < this.awareness.clientID)
    )
      return;
    const free = peopleColors.filter((one) => !others.some((peer) => peer.color === one));
    if (free.length === 0) return;
    const person = { ...this.me.value, color: pick(free) };
    remember('me', JSON.stringify(person), 'in this window');
    this.me.value = person;
  }
}

// What peers send is theirs to choose, so nothing of it is used unread.
export function readPeer(clientId: number, state: Record<string, any>, self = false): Peer {
  const { pointer, selection } = state;
  return {
    ...readPerson(state['user']),
    clientId,
    self,
    pointer:
      Number.isFinite(pointer?.x) && Number.isFinite(pointer?.y) ? { x: pointer.x, y: pointer.y } : null,
    selection: Array.isArray(selection) ? selection.filter((id) => typeof id === 'string') : [],
  };
}

export function readPerson(value: any): Person {
  const name =
    typeof value?.name === 'string' ? [...value.name.trim()].slice(0, nameCharactersMax).join('') : '';
  const color = /^#[0-9a-f]{6}$/i.test(value?.color) ? value.color : peopleColors[0];
  return { name: name || 'Someone', color };
}

// A name that was chosen belongs to the browser; one that was drawn belongs to the window, so that two windows of
// one browser can be told apart.
function loadPerson(): Person {
  const known = load('everywhere') ?? load('in this window');
  if (known) return readPerson(known);
  const person = { name: randomPersonName(), color: pick(peopleColors) };
  remember('me', JSON.stringify(person), 'in this window');
  return person;
}

function load(where: 'everywhere' | 'in this window'): unknown {
  try {
    return JSON.parse(recall('me', where) ?? 'null');
  } catch {
    return null;
  }
}
