// The audit of the torture runs sees what it is there for: each rule is broken once, past the functions that keep it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Postgres } from '../lib/postgres.mjs';
import { serverBinary } from '../lib/server.mjs';
import { Audit } from './audit.mjs';

const kSlot = (seq, epoch, update = 'x') =>
  `INSERT INTO symphony.slot (room, seq, epoch, checksum, update) VALUES ('r', ${seq}, ${epoch}, 0, '${update}')`;
const kTake = (owner) => `SELECT * FROM symphony.take('r', '${owner}', 'address', interval '0 s')`;

test('the audit sees two owners', { timeout: 60000 }, async (t) => {
  const postgres = await Postgres.start();
  t.after(() => postgres.stop());
  const scenario = async (name, statements, complaint) => {
    await postgres.sql(`CREATE DATABASE ${name}`);
    await promisify(execFile)(serverBinary(), ['migrate', '--data', postgres.url({ database: name })]);
    const audit = await Audit.install(postgres, name);
    const epochs = {};
    for (const statement of statements) {
      const text = typeof statement === 'function' ? statement(epochs) : statement;
      await postgres.sql(text, name);
      const [{ epoch }] = await postgres.rows("SELECT epoch FROM symphony.room WHERE name = 'r'", name);
      epochs[text] = Number(epoch);
    }
    if (complaint) await assert.rejects(audit.check('here'), complaint);
    else await audit.check('here');
    return audit.counts();
  };
  const a = ({ [kTake('a')]: epoch }) => epoch;
  const b = ({ [kTake('b')]: epoch }) => epoch;
  const good = [kTake('a'), (epochs) => kSlot(2, a(epochs)), kTake('b'), (epochs) => kSlot(4, b(epochs))];

  assert.deepEqual(await scenario('good', good), { slots: 2, epochs: 2, moves: 1 });
  await scenario('undone', [...good, (epochs) => `BEGIN; ${kSlot(9, a(epochs))}; DELETE FROM symphony.slot WHERE seq = 9; COMMIT`]);
  await scenario('stale', [...good, (epochs) => kSlot(5, a(epochs))], /an epoch fell while the slots rose/);
  await scenario('late', [kTake('a'), kTake('b'), 'DELETE FROM symphony.slot WHERE seq = 2', (epochs) => kSlot(2, a(epochs))],
    /a slot was written twice/);
  await scenario('gap', [...good, (epochs) => kSlot(6, b(epochs))], /the slots have a gap/);
  await scenario('nobody', [...good, kSlot(5, 999)], /an epoch did not begin with a fence/);
});
