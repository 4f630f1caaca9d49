// The rooms of a torture run and who edits them. A client that loses its connection tries any server: one that does
// not hold the room sends it on.
import { randomBytes } from 'node:crypto';
import { sleep } from '../lib/arguments.mjs';
import { Client, converge } from '../lib/client.mjs';
import { metrics, sum } from '../lib/metrics.mjs';
import { Editor } from './editor.mjs';

const kNames = ['plain', 'with/slash and space', 'ünïcode', 'large', 'larger still'];
const kEditorsPerRoom = 2;
const kPatienceMs = 2000;  // with a server that says nothing

export class Rooms {
  constructor(sites, random) {
    this.sites = sites;
    this.random = random;
    this.editors = new Map(kNames.map((room) => [room, []]));
    for (const [at, [room, editors]] of [...this.editors].entries()) {
      for (let i = 0; i < kEditorsPerRoom; i++) {
        const editor = new Editor({ name: `${at}.${i}`, random, patience: kPatienceMs, url: () => {
          const site = random.pick(sites);
          // Asked for once by the constructor, before there is an editor to tell.
          queueMicrotask(() => { editor.site = site; });
          return site.url(room);
        } });
        editors.push(editor);
      }
    }
  }

  get all() { return [...this.editors.values()].flat(); }
  get clients() { return this.all.map(({ client }) => client); }

  // Who works at that server now.
  attached(site) { return this.all.filter((editor) => editor.site === site && editor.client.isSynced); }

  // Pushes that were done and not acknowledged.
  inFlight(editors = this.all) {
    for (const editor of editors) editor.noteAcknowledged();
    return editors.reduce((sum, { done, acknowledged }) => sum + done.pushed - acknowledged.pushed, 0);
  }

  get acknowledged() { return this.all.reduce((sum, { acknowledged }) => sum + acknowledged.pushed, 0); }

  // Edits, online or not, until `stopped()`.
  async edit(stopped) {
    const { random } = this;
    while (!stopped()) {
      const editor = random.pick(this.all);
      for (let burst = random.below(random.chance(0.1) ? 20 : 3); burst >= 0; burst--) editor.edit();
      if (random.chance(0.03)) this.paste(random.pick(['large', 'larger still']));
      if (random.chance(0.01)) random.pick(this.clients).connection?.terminate();
      await sleep(1 + random.below(8));
    }
  }

  // Makes the room's snapshots too large for the database, whatever compression there is.
  paste(room) {
    const editor = this.random.pick(this.editors.get(room));
    editor.client.doc.getMap('pasted').set(editor.name, randomBytes(45000).toString('base64'));
  }

  async leave() {
    await Promise.all(this.clients.map((client) => { client.pause(); return client.closed(); }));
    this.inFlight();
  }

  comeBack() { for (const client of this.clients) client.resume(); }

  async synced() { await Promise.all(this.clients.map((client) => client.synced(60000))); }

  // Everybody holds everything, and has been told so.
  async settle() {
    await Promise.all(this.clients.map((client) => client.saved(60000)));
    await Promise.all([...this.editors.values()].map((editors) => converge(editors.map(({ client }) => client.doc), 60000)));
  }

  // What a newcomer finds: all that was acknowledged; or, `exact`, the same document that everybody has. A server that
  // was frozen past its lease does not know at once that it has lost its rooms: for `stale_ms` it may show an old state,
  // before it sends the newcomer on. Answers how many newcomers saw one.
  async check({ exact, stale_ms }, where) {
    const stale = await Promise.all([...this.editors].map(async ([room, editors]) => {
      const newcomer = new Client({ url: () => this.random.pick(this.sites).url(room), patience: kPatienceMs });
      const look = () => {
        for (const editor of editors) {
          editor.check(newcomer.doc, exact ? editor.done : editor.acknowledged, `${where}, room ${room}`);
        }
      };
      try {
        await newcomer.synced(60000);
        const began = Date.now();
        while (Date.now() < began + stale_ms && !holds(look)) await sleep(50);
        const was_stale = Date.now() - began > 50;
        look();
        if (exact) await converge([newcomer.doc, ...editors.map(({ client }) => client.doc)]);
        return was_stale;
      } finally {
        newcomer.close();
      }
    }));
    return stale.filter(Boolean).length;
  }

  close() { for (const editor of this.all) editor.close(); }
}

function holds(look) {
  try {
    look();
    return true;
  } catch {
    return false;
  }
}

// Times that servers met what the run is about, by their own account.
export class Sightings {
  counts = { lease_lapses: 0, held_elsewhere: 0, failures: 0, snapshots: 0 };

  // Of the servers as they are now: before they end.
  async add(sites) {
    await Promise.all(sites.filter((site) => site.runs).map(async (site) => {
      const page = await metrics(site.server);
      for (const name of Object.keys(this.counts)) this.counts[name] += sum(page, `symphony_store_${name}_total`);
    }));
  }
}
