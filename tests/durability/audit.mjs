// Who wrote what when, seen by the database itself: triggers on Symphony's tables copy every slot and every change of
// owner that is committed. A test's own; nothing of it is in the product's schema.
//
// The triggers run at the end of the transaction, so that what the transaction itself undid is not counted. Two
// transactions that write to one room wait for each other (by the slot or by the room's row), so their order here is
// the order of their commits.
import assert from 'node:assert/strict';

const kTables = `
CREATE SCHEMA audit;
CREATE TABLE audit.event (
  n     bigserial PRIMARY KEY,
  time  timestamptz NOT NULL DEFAULT clock_timestamp(),
  kind  text NOT NULL,      -- slot, owner, forgotten
  room  bytea NOT NULL,
  epoch bigint NOT NULL,
  seq   bigint,             -- of a slot
  fence boolean,            -- of a slot
  owner text                -- of an owner
);

CREATE FUNCTION audit.note_slot() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF EXISTS (SELECT FROM symphony.slot WHERE room = NEW.room AND seq = NEW.seq AND epoch = NEW.epoch) THEN
    INSERT INTO audit.event (kind, room, epoch, seq, fence)
      VALUES ('slot', NEW.room, NEW.epoch, NEW.seq, octet_length(NEW.update) = 0);
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER audit AFTER INSERT ON symphony.slot DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION audit.note_slot();

CREATE FUNCTION audit.note_room() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    INSERT INTO audit.event (kind, room, epoch) VALUES ('forgotten', OLD.name, OLD.epoch);
  ELSIF NEW.owner <> '' AND (TG_OP = 'INSERT' OR (NEW.owner, NEW.epoch) IS DISTINCT FROM (OLD.owner, OLD.epoch)) THEN
    INSERT INTO audit.event (kind, room, epoch, owner) VALUES ('owner', NEW.name, NEW.epoch, NEW.owner);
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON symphony.room DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION audit.note_room();
`;

// Each query names what must not be. A room that held nothing but fences is forgotten, and begins again at slot 1: a
// life of the room lies between two such moments.
const kLives = `
  SELECT *, count(*) FILTER (WHERE kind = 'forgotten') OVER (PARTITION BY room ORDER BY n) AS life FROM audit.event`;
const kRules = {
  'a slot was written twice': `
    SELECT room, life, seq, array_agg(epoch) AS epochs FROM (${kLives}) e WHERE kind = 'slot'
     GROUP BY room, life, seq HAVING count(*) > 1`,
  'an epoch fell while the slots rose': `
    SELECT * FROM (SELECT room, life, seq, epoch, max(epoch) OVER (PARTITION BY room, life ORDER BY seq) AS highest
                     FROM (${kLives}) e WHERE kind = 'slot') s WHERE epoch < highest`,
  'an epoch wrote after a later one had begun': `
    SELECT * FROM (SELECT n, time, kind, room, seq, epoch, max(epoch) OVER (PARTITION BY room ORDER BY n) AS begun
                     FROM audit.event) e WHERE epoch < begun`,
  'the slots have a gap': `
    SELECT * FROM (SELECT room, life, seq, seq - lag(seq, 1, 0::bigint) OVER (PARTITION BY room, life ORDER BY seq) AS step
                     FROM (${kLives}) e WHERE kind = 'slot') s WHERE step <> 1`,
  'an epoch did not begin with a fence': `
    SELECT * FROM (SELECT DISTINCT ON (room, epoch) room, epoch, seq, fence FROM audit.event WHERE kind = 'slot'
                    ORDER BY room, epoch, n) e WHERE NOT fence`,
  'an epoch had two owners': `
    SELECT epoch, array_agg(DISTINCT owner) AS owners, array_agg(DISTINCT room) AS rooms FROM audit.event
     WHERE kind = 'owner' GROUP BY epoch HAVING count(*) > 1`,
  'an epoch without an owner wrote': `
    SELECT DISTINCT room, epoch FROM audit.event s WHERE kind = 'slot'
       AND NOT EXISTS (SELECT FROM audit.event o WHERE o.kind = 'owner' AND o.room = s.room AND o.epoch = s.epoch)`,
};

export class Audit {
  static async install(postgres, database) {
    await postgres.sql(`BEGIN; ${kTables} COMMIT;`, database);
    return new Audit(postgres, database);
  }

  constructor(postgres, database) {
    this.postgres = postgres;
    this.database = database;
  }

  rows(query) { return this.postgres.rows(query, this.database); }

  // Throws if two owners ever had a write accepted at the same time, or a slot was written twice.
  async check(where) {
    for (const [rule, query] of Object.entries(kRules)) {
      assert.deepEqual(await this.rows(query), [], `${where}: ${rule}`);
    }
  }

  // slots: updates stored; epochs: ownerships; moves: times that a room's owner was another one than before.
  async counts() {
    const [counts] = await this.rows(`
      SELECT count(*) FILTER (WHERE kind = 'slot' AND NOT fence) AS slots, count(*) FILTER (WHERE kind = 'owner') AS epochs,
             count(*) FILTER (WHERE kind = 'owner' AND owner <> before) AS moves
        FROM (SELECT *, lag(owner) OVER (PARTITION BY room, kind ORDER BY n) AS before FROM audit.event) e`);
    return counts;
  }
}
