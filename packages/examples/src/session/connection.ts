// A document's connection to its room, and what may honestly be said about it.
//
// y-websocket does the work. This adds what it does not know: which of our edits the server has stored. With the
// query parameter acks=1 a Symphony server sends frames of type 80 holding one varUint n: the first n document
// messages (sync step 2 or update) of this connection are durable. So we count what each socket sends, and only
// when the count is met is anything called saved. docs/protocol.md describes the exchange.
import { readVarUint } from 'lib0/decoding';
import { WebsocketProvider } from 'y-websocket';
import type * as Y from 'yjs';
import { Signal } from '../base/signal.ts';

export type Link =
  | 'connecting' // no attempt has ended yet
  | 'live' // the room's state has arrived; edits flow both ways
  | 'offline' // the connection is lost; it is being tried again
  | 'refused'; // the server said no, and trying again would not help

export interface Status {
  link: Link;
  unsaved: boolean; // edits made here exist that the server has not confirmed
  acknowledges: boolean; // the server confirms what it stored; if not, `unsaved` only covers edits made while not live
  reason: string; // why it was refused
}

const messageSync = 0;
const messageAcknowledged = 80;

export function isDocumentMessage(frame: Uint8Array): boolean {
  return frame[0] === messageSync && (frame[1] === 1 || frame[1] === 2);
}

export class Connection {
  readonly status = new Signal<Status>({
    link: 'connecting',
    unsaved: false,
    acknowledges: false,
    reason: '',
  });
  readonly provider: WebsocketProvider;
  private sent = 0; // document messages sent on the present socket
  private confirmed = 0; // how many of them are durable

  constructor(
    serverUrl: string,
    roomName: string,
    private readonly doc: Y.Doc,
    Socket: typeof WebSocket = WebSocket,
  ) {
    const onSocket = () => {
      this.sent = this.confirmed = 0;
    };
    const onSend = (data: unknown) => {
      if (data instanceof Uint8Array && isDocumentMessage(data)) this.sent += 1;
    };
    class CountingSocket extends Socket {
      constructor(url: string | URL, protocols?: string | string[]) {
        super(url, protocols);
        onSocket();
      }
      override send(data: Parameters<WebSocket['send']>[0]) {
        onSend(data);
        super.send(data);
      }
    }
    this.provider = new WebsocketProvider(serverUrl, encodeURIComponent(roomName), doc, {
      params: { acks: '1' },
      WebSocketPolyfill: CountingSocket,
      disableBc: true, // windows of one browser meet through the server too: what is shown is what was sent
    });
    this.provider.messageHandlers[messageAcknowledged] = (_encoder, decoder) => {
      this.confirmed = readVarUint(decoder);
      this.update({ acknowledges: true, ...(this.everythingConfirmed() && { unsaved: false }) });
    };
    this.provider.on('sync', (synced: boolean) => {
      if (synced) this.onSynced();
    });
    this.provider.on('connection-close', this.onClose);
    doc.on('update', this.onUpdate);
  }

  destroy(): void {
    this.doc.off('update', this.onUpdate);
    this.provider.off('connection-close', this.onClose);
    this.provider.destroy();
    this.provider.awareness.destroy(); // the provider leaves its timer running
  }

  // The first document message of a socket answers the server's question for what it lacks, edits made offline
  // included; before that was sent, equal counts mean nothing.
  private everythingConfirmed(): boolean {
    return this.sent > 0 && this.confirmed >= this.sent;
  }

  private onSynced(): void {
    this.update({ link: 'live', ...(!this.status.value.acknowledges && { unsaved: false }) });
  }

  private readonly onUpdate = (_update: Uint8Array, origin: unknown): void => {
    if (origin === this.provider) return;
    const { link, acknowledges } = this.status.value;
    if (acknowledges || link !== 'live') this.update({ unsaved: true });
  };

  private readonly onClose = (event: CloseEvent | null): void => {
    if (event && event.code >= 4400 && event.code <= 4499) {
      this.update({ link: 'refused', reason: event.reason || `code ${event.code}` });
      queueMicrotask(() => this.provider.disconnect());
    } else if (this.status.value.link !== 'refused') {
      this.update({ link: 'offline' });
    }
  };

  private update(change: Partial<Status>): void {
    this.status.value = { ...this.status.value, ...change };
  }
}
