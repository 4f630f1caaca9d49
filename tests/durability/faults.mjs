// What goes wrong. Each fault happens to a server, or to what all servers share, while people edit; it lasts a while
// and ends by itself. `hit` is called at the moment it happens, with the server or without.
//
//   subject  two faults of one round have different ones
//   fits     whether the deployment can have it; a string says why not
import { sleep } from '../lib/arguments.mjs';
import { kLeaseMs } from './deployment.mjs';

const hasNetwork = (name) => (deployment) => deployment.sites.some((site) => site[name]);
const hasDisk = (name) => (deployment) => deployment.disks.has(name) || `needs root, to mount a small disk for ${name}`;

// Shorter than a lease, or long enough that others take the rooms.
const aWhile = (random) => (random.chance(0.4) ? random.between(100, kLeaseMs / 2) : random.between(kLeaseMs + 300, kLeaseMs + 1300));

// The server that somebody works at, if there is one.
function target({ deployment, rooms, random }) {
  const busy = deployment.sites.filter((site) => site.runs && rooms.attached(site).length > 0);
  return random.pick(busy.length > 0 ? busy : deployment.sites);
}

// One of two clients of each room gives the server up and finds another one.
function moveHalf(rooms, site) {
  const seen = new Set();
  for (const [room, editors] of rooms.editors) {
    for (const editor of editors) {
      if (editor.site !== site || seen.has(room)) continue;
      seen.add(room);
      editor.client.connection?.terminate();
    }
  }
}

async function networkFails(world, name) {
  const { random, hit } = world;
  const site = target(world);
  const proxy = site[name];
  const how = random.pickWeighted([[2, 'both'], [1, 'up'], [1, 'down'], [1, 'late'], [2, 'cut']]);
  hit(site, how);
  if (how === 'cut') {
    for (let times = random.between(1, 5); times > 0; times--) {
      proxy.cut();
      await sleep(random.below(150));
    }
  } else if (how === 'late') {
    proxy.delay(random.between(20, 400));
    await sleep(random.between(500, 1500));
  } else {
    proxy.block({ up: how !== 'down', down: how !== 'up' });
    await sleep(aWhile(random));
  }
  proxy.heal({ lose: random.chance(0.5) });
}

async function diskFills({ deployment, random, hit }, name) {
  const disk = deployment.disks.get(name);
  disk.fill();
  hit(null);
  await sleep(random.between(300, 1500));
  disk.free();
  await deployment.postgres?.ensureItRuns();  // one that cannot write its log ends
}

export const kFaults = {
  'server killed': {
    subject: 'process',
    fits: () => true,
    async run(world) {
      const site = target(world);
      world.hit(site);
      await site.kill();
      await sleep(world.random.below(1500));
      site.start().catch(() => {});  // may take until another fault is over; who heals waits for it
    },
  },
  'server frozen past its lease': {
    subject: 'process',
    fits: (deployment) => deployment.sites.length > 1,
    async run(world) {
      const site = target(world);
      world.hit(site);
      site.freeze();
      moveHalf(world.rooms, site);
      await sleep(world.random.between(kLeaseMs + 300, kLeaseMs + 1300));
      site.thaw();
    },
  },
  'server frozen': {
    subject: 'process',
    fits: () => true,
    async run(world) {
      const site = target(world);
      world.hit(site);
      site.freeze();
      await sleep(world.random.between(50, 600));
      site.thaw();
    },
  },
  'network to the database fails': {
    subject: 'database network',
    fits: hasNetwork('database'),
    run: (world) => networkFails(world, 'database'),
  },
  'network to the object store fails': {
    subject: 'object network',
    fits: hasNetwork('objects'),
    run: (world) => networkFails(world, 'objects'),
  },
  'database restarted': {
    subject: 'database',
    fits: (deployment) => deployment.postgres !== null,
    async run({ deployment, random, hit }) {
      hit(null);
      await (random.chance(0.5) ? deployment.postgres.kill() : deployment.postgres.stopAtOnce());
      await sleep(random.below(800));
      await deployment.postgres.ensureItRuns();
    },
  },
  'database disk full': {
    subject: 'database',
    fits: (deployment) => deployment.postgres !== null && hasDisk('postgres')(deployment),
    run: (world) => diskFills(world, 'postgres'),
  },
  'disk full': {
    subject: 'database',
    fits: (deployment) => deployment.backend === 'sqlite' && hasDisk('sqlite')(deployment),
    run: (world) => diskFills(world, 'sqlite'),
  },
  'snapshot folder full': {
    subject: 'snapshots',
    fits: (deployment) => deployment.backend === 'postgres-folder' && hasDisk('snapshots')(deployment),
    run: (world) => diskFills(world, 'snapshots'),
  },
  'clients lose connections': {
    subject: 'clients',
    fits: () => true,
    async run({ rooms, random, hit }) {
      hit(null);
      for (const { client } of rooms.all) if (random.chance(0.4)) client.connection?.terminate();
    },
  },
};

// Deals faults like cards: each that fits comes once before any comes again, one to three a round.
export class Plan {
  waiting = [];

  constructor(deployment, random) {
    this.random = random;
    this.names = [];
    this.missing = [];
    for (const [name, { fits }] of Object.entries(kFaults)) {
      const answer = fits(deployment);
      if (answer === true) this.names.push(name);
      else if (typeof answer === 'string') this.missing.push(`${name}: ${answer}`);
    }
  }

  next() {
    const wanted = this.random.between(1, 3);
    const dealt = [];
    while (dealt.length < wanted) {
      if (this.waiting.length === 0) this.waiting = this.shuffled();
      const subjects = dealt.map((name) => kFaults[name].subject);
      const at = this.waiting.findIndex((name) => !subjects.includes(kFaults[name].subject));
      if (at < 0) break;
      dealt.push(...this.waiting.splice(at, 1));
    }
    return dealt;
  }

  shuffled() {
    const names = [...this.names];
    for (let i = names.length - 1; i > 0; i--) {
      const j = this.random.below(i + 1);
      [names[i], names[j]] = [names[j], names[i]];
    }
    return names;
  }
}
