// The whiteboard: a board with its bars and its keys.
import type { Room } from '../session/room.ts';
import { Board } from './board.ts';
import { dock } from './dock.ts';
import { listenToKeys } from './keyboard.ts';

export function whiteboard(room: Room, hint: HTMLElement): Board {
  const board = new Board(room, hint);
  board.element.append(dock(board));
  board.untilDestroyed(listenToKeys(board));
  return board;
}
