// Everything goes wrong, again and again, and nothing acknowledged is lost: on every back end, with real clients,
// servers, databases and networks.
//
//   node tests/durability/torture.test.mjs [--backend sqlite|postgres|postgres-folder|postgres-s3] [--rounds 6] [--seed n]
//
// A round: people edit, one to three faults happen (faults.mjs), all is made well again. A newcomer looks first, in
// half of the rounds after every server was killed: what was acknowledged is there. Then the clients come back with
// what they still have, and everybody ends up with the same document. On Postgres the database's own account of who
// wrote what (audit.mjs) is checked each round. The seed fixes what happens and for how long; the machine's timing is its own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '../interop/lib/prng.mjs';
import { seedSetting, setting, sleep } from '../lib/arguments.mjs';
import { Deployment, kBackends, kLeaseMs } from './deployment.mjs';
import { kFaults, Plan } from './faults.mjs';
import { Rooms, Sightings } from './rooms.mjs';

const rounds = setting('rounds', 6);
const seed = seedSetting();
const chosen = setting('backend', '');
const verbose = setting('verbose', 0);

// What happened to whom, so that a run that proves nothing is found out.
class Tally {
  faults = new Map();
  in_flight = 0;   // pushes not acknowledged by a server when a fault hit it, over all faults
  hits = 0;        // faults that hit somebody at work
  stale = 0;       // newcomers who were shown an old state by a server that had lost the room

  hit(name, editors, in_flight) {
    const { times, met } = this.faults.get(name) ?? { times: 0, met: 0 };
    this.faults.set(name, { times: times + 1, met: met + (editors.length > 0) });
    this.hits += editors.length > 0 ? 1 : 0;
    this.in_flight += in_flight;
  }

  toString() { return [...this.faults].map(([name, { times, met }]) => `${name} ${times} (${met} met people at work)`).join(', '); }
}

async function oneRound({ deployment, rooms, plan, random, tally, say }, round) {
  await rooms.synced();
  let stopped = false;
  const editing = rooms.edit(() => stopped);
  const names = plan.next();
  await Promise.all(names.map(async (name) => {
    await sleep(random.between(30, 400));
    const hit = (site, how = '') => {
      const editors = site ? rooms.attached(site) : rooms.all.filter(({ client }) => client.isSynced);
      const in_flight = rooms.inFlight(editors);
      tally.hit(name, editors, in_flight);
      say(`round ${round}: ${name}${how && ` (${how})`}, ${editors.length} at work, ${in_flight} in flight`);
    };
    await kFaults[name].run({ deployment, rooms, random, hit });
  }));
  await sleep(random.between(50, 300));
  stopped = true;
  await editing;
  await deployment.heal();
}

async function torture(t, backend) {
  const random = new Prng(seed);
  const say = verbose ? (line) => console.error(line) : () => {};
  const deployment = await Deployment.start(backend, new Prng(seed + 1));
  const plan = new Plan(deployment, random);
  for (const line of plan.missing) t.diagnostic(`not run: ${line}`);
  const rooms = new Rooms(deployment.sites, new Prng(seed + 2));
  const tally = new Tally();
  const sightings = new Sightings();
  const world = { deployment, rooms, plan, random, tally, say };
  try {
    for (let round = 0; round < rounds; round++) {
      const begin = Date.now();
      await oneRound(world, round);
      await rooms.leave();
      await sightings.add(deployment.sites);
      const from_store = random.chance(0.5);
      if (from_store) {  // what is in memory does not count
        await Promise.all(deployment.sites.map((site) => site.kill()));
        await Promise.all(deployment.sites.map((site) => site.start()));
      }
      const stale = await rooms.check({ exact: false, stale_ms: from_store ? 0 : 3 * kLeaseMs }, `round ${round}`);
      if (stale > 0) say(`round ${round}: ${stale} newcomers were shown an old state first`);
      tally.stale += stale;
      rooms.comeBack();
      await rooms.settle();
      await rooms.check({ exact: true, stale_ms: 0 }, `round ${round}, settled`);
      await deployment.audit?.check(`round ${round}`);
      say(`round ${round}: ${Date.now() - begin} ms`);
    }
    await sightings.add(deployment.sites);
    t.diagnostic(`${tally}`);
    t.diagnostic(`${rooms.acknowledged} pushes acknowledged, ${tally.in_flight} in flight when something hit; ${tally.stale} newcomers were shown an old state first`);
    t.diagnostic(`the servers counted ${JSON.stringify(sightings.counts)}`);
    // A run in which nothing was in flight, nothing acknowledged or nothing hit would prove nothing.
    assert.ok(rooms.acknowledged > rounds * 20, `only ${rooms.acknowledged} pushes were acknowledged`);
    assert.ok(tally.in_flight > 0, 'no fault met an unacknowledged edit');
    assert.ok(tally.hits >= rounds / 2, `only ${tally.hits} faults met somebody at work`);
    assert.ok(sightings.counts.snapshots > 0, 'no snapshot was stored');
    if (deployment.audit) {
      const { slots, epochs, moves } = await deployment.audit.counts();
      t.diagnostic(`the database saw ${slots} updates in ${epochs} epochs; rooms moved ${moves} times`);
      assert.ok(slots > 0 && moves > 0, 'no room moved');
    }
  } finally {
    rooms.close();
    await deployment.close();
  }
}

for (const backend of chosen ? [chosen] : kBackends) {
  test(`torture on ${backend}, ${rounds} rounds, seed ${seed}`, { timeout: rounds * 60000 + 120000 }, async (t) => {
    t.diagnostic(`again: node tests/durability/torture.test.mjs --backend ${backend} --rounds ${rounds} --seed ${seed}`);
    await torture(t, backend);
  });
}
