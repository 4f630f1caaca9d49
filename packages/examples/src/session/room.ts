// One room: a Yjs document, its connection and the people in it. The board and the page are two parts of that one
// document, so a link leads to both and one connection carries both.
import * as Y from 'yjs';
import { randomRoomName } from '../base/names.ts';
import { Connection } from './connection.ts';
import { Presence } from './presence.ts';

export class Room {
  readonly doc = new Y.Doc();
  readonly connection: Connection;
  readonly presence: Presence;

  constructor(readonly name: string) {
    this.connection = new Connection(roomsUrl(), name, this.doc);
    this.presence = new Presence(this.connection.provider.awareness);
  }

  get awareness() {
    return this.connection.provider.awareness;
  }

  destroy(): void {
    this.presence.destroy();
    this.connection.destroy();
    this.doc.destroy();
  }
}

// The room's name is the part of the address after '#': https://host/#amber-heron-k7f2
export function roomNameFromAddress(): string {
  try {
    return decodeURIComponent(location.hash.slice(1)).trim().slice(0, 80);
  } catch {
    return '';
  }
}

export function goToRoom(name: string): void {
  location.hash = encodeURIComponent(name);
}

// Names a fresh room without leaving a nameless entry in the history.
export function goToFreshRoom(): void {
  history.replaceState(null, '', `#${randomRoomName()}`);
}

function roomsUrl(): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/rooms`;
}
