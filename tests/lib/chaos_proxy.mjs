// A TCP proxy on a loopback port that does to connections what networks do: cut, delay, and swallow them.
//
//   const proxy = await ChaosProxy.start(target_port);
//   proxy.block();                  // a black hole: nothing passes, and nobody is told
//   proxy.block({ up: true });      // only what clients send; { down: true }: only what they are sent
//   proxy.delay(200);               // everything is late by so many milliseconds
//   proxy.cut();                    // all connections of now are reset
//   proxy.heal();                   // what was held back arrives now, late; heal({ lose: true }) cuts instead
//   await proxy.close();
//
// Unlike a real black hole it completes the handshake of a new connection, which then hears nothing.
import net from 'node:net';

const kHeldBytesMax = 4 << 20;  // of a direction; then the sender's window fills, as it does with real packet loss

export class ChaosProxy {
  accepted = 0;             // connections so far
  pairs = new Set();
  blocked = { up: false, down: false };
  late_ms = 0;

  static async start(target_port) {
    const proxy = new ChaosProxy(target_port);
    await new Promise((resolve, reject) => proxy.listener.once('error', reject).listen(0, '127.0.0.1', resolve));
    proxy.port = proxy.listener.address().port;
    return proxy;
  }

  constructor(target_port) {
    this.target_port = target_port;
    this.listener = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      this.accepted += 1;
      this.pairs.add(new Pair(this, client));
    });
  }

  get open() { return this.pairs.size; }

  block({ up = false, down = false } = { up: true, down: true }) { this.blocked = { up, down }; }
  delay(ms) { this.late_ms = ms; }
  cut() { for (const pair of [...this.pairs]) pair.reset(); }

  heal({ lose = false } = {}) {
    if (lose) this.cut();
    this.blocked = { up: false, down: false };
    this.late_ms = 0;
    for (const pair of [...this.pairs]) pair.flush();
  }

  async close() {
    const closed = new Promise((resolve) => this.listener.close(resolve));
    this.cut();
    await closed;
  }
}

class Pair {
  constructor(proxy, client) {
    this.proxy = proxy;
    this.client = client;
    this.server = null;
    this.is_over = false;
    this.up = new Direction(this, 'up', client, () => this.server ?? this.connect());
    this.down = new Direction(this, 'down', null, () => this.client);
    this.flush();
  }

  // Connects when the way is free, and the client has still not given up.
  connect() {
    this.server = net.connect({ host: '127.0.0.1', port: this.proxy.target_port, allowHalfOpen: true, noDelay: true });
    this.down.listen(this.server);
    return this.server;
  }

  flush() {
    if (this.is_over) return;
    if (!this.server && !this.proxy.blocked.up) this.connect();
    this.up.flush();
    this.down.flush();
  }

  reset() {
    this.is_over = true;
    this.proxy.pairs.delete(this);
    this.up.forget();
    this.down.forget();
    for (const socket of [this.client, this.server]) {
      // Node (20) waits for ever at its end for a socket that was reset while it was being shut down or connected.
      if (socket?.writableEnded || socket?.connecting) socket.destroy();
      else socket?.resetAndDestroy();
    }
  }
}

// What one side says to the other, in order, each piece with the time at which it is due.
class Direction {
  constructor(pair, name, source, target) {
    this.pair = pair;
    this.name = name;
    this.target = target;
    this.queue = [];
    this.bytes = 0;
    if (source) this.listen(source);
  }

  listen(source) {
    this.source = source;
    source.on('data', (chunk) => {
      this.bytes += chunk.length;
      if (this.bytes > kHeldBytesMax) source.pause();
      this.add({ chunk });
    });
    source.on('end', () => this.add({ end: true }));
    source.on('error', () => this.add({ reset: true }));
    source.on('close', () => this.add({ closed: true }));
  }

  add(piece) {
    if (this.pair.is_over) return;
    this.queue.push({ due: Date.now() + this.pair.proxy.late_ms, ...piece });
    this.flush();
  }

  flush() {
    clearTimeout(this.timer);
    while (this.queue.length > 0 && !this.pair.proxy.blocked[this.name]) {
      const wait = this.queue[0].due - Date.now();
      if (wait > 0 && this.pair.proxy.late_ms > 0) {
        this.timer = setTimeout(() => this.flush(), wait);
        return;
      }
      this.pass(this.queue.shift());
    }
  }

  pass({ chunk, end, reset, closed }) {
    const target = this.target();
    if (reset) {
      this.pair.reset();
    } else if (chunk) {
      this.bytes -= chunk.length;
      if (target.writable) target.write(chunk);
      if (this.bytes <= kHeldBytesMax) this.source.resume();
    } else if (end) {
      target.end();
    } else if (closed && target.destroyed) {
      this.pair.reset();
    }
  }

  forget() {
    clearTimeout(this.timer);
    this.queue = [];
  }
}
