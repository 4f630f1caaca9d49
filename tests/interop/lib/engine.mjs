// The two things that can stand opposite the reference: the engine through its tool, and, to prove the harness itself,
// a second Yjs. Both answer `send(command)` in order; many commands may be on their way.
import { spawn } from 'node:child_process';
import * as Y from 'yjs';
import { bytesOf, Reference, sorted, stringify } from './reference.mjs';

export class EngineTool {
  #waiting = [];
  #partial = '';
  #out = [];
  #bytes = 0;

  constructor(binary) {
    this.ended = null;  // how the process ended, once it has
    this.stderr = '';
    this.child = spawn(binary, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stdout.setEncoding('utf8').on('data', (chunk) => this.#receive(chunk));
    this.child.stderr.setEncoding('utf8').on('data', (chunk) => { this.stderr = (this.stderr + chunk).slice(-8192); });
    this.child.stdin.on('error', () => {});  // its end is reported by 'close'
    const end = (how) => {
      this.ended ??= `the engine tool ended (${how})\n${this.stderr}`;
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(this.ended));
    };
    this.child.on('error', (error) => end(error.message));
    this.child.on('close', (code, signal) => end(signal ?? `exit ${code}`));
  }

  // Resolves with the answer. Commands are gathered and leave together at the end of the current turn.
  send(command) {
    if (this.ended) return Promise.reject(new Error(this.ended));
    if (this.#out.length === 0) queueMicrotask(() => this.flush());
    const line = JSON.stringify(command);
    this.#out.push(line, '\n');
    this.#bytes += line.length;
    if (this.#bytes > 1 << 18) this.flush();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  flush() {
    if (this.#out.length > 0) this.child.stdin.write(this.#out.join(''));
    this.#out = [];
    this.#bytes = 0;
  }

  close() { this.child.stdin.end(); }

  #receive(chunk) {
    const lines = chunk.split('\n');
    lines[0] = this.#partial + lines[0];
    this.#partial = lines.pop();
    for (const line of lines) this.#waiting.shift().resolve(JSON.parse(line));
  }
}

// A second untyped Y.Doc in the engine's place. Whatever the reference's views show must be what a fresh typed copy shows
// too; only the order of keys is the document's own history.
export class YjsTool {
  #docs = new Map();

  async send(command) {
    if (command.op === 'new') this.#docs.set(command.doc, new Reference({ gc: command.gc }));
    if (command.op === 'drop') this.#docs.delete(command.doc);
    if (command.op !== 'step') return { ok: true };
    const reference = this.#docs.get(command.doc);
    const answer = reference.step({ update: bytesOf(command.update), reads: command.reads, diffs: command.diffs?.map(bytesOf) });
    const copy = new Y.Doc({ gc: false });
    Y.applyUpdate(copy, bytesOf(answer.state));
    for (const [index, read] of command.reads.entries()) {
      const [seen, expected] = [answer.values[index], readTyped(copy, read)].map((text) => sorted(text, read));
      if (seen !== expected) throw new Error(`a view reads ${read.join(' ')} as\n${seen}\nand a typed copy as\n${expected}`);
    }
    return { ok: true, ...answer, broken: '', pending: answer.has_pending };
  }

  flush() {}
  close() {}
}

const constructors = { array: Y.Array, map: Y.Map, text: Y.Text, xmltext: Y.XmlText, fragment: Y.XmlFragment, element: Y.XmlElement };

// The document forgets the type between two readings, so that one root can be read in several ways.
function readTyped(copy, [how, root, kind]) {
  const former = copy.share.get(root);
  if (former) {
    const untyped = new Y.AbstractType();
    Object.assign(untyped, { _start: former._start, _map: former._map, _length: former._length, doc: copy });
    copy.share.set(root, untyped);
  }
  const type = copy.get(root, constructors[how === 'json' ? kind : 'text']);
  if (how === 'json') return stringify(type.toJSON());
  return how === 'delta' ? stringify(type.toDelta()) : type.toString();
}
