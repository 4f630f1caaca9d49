// Version 1 of the schema, as SQL. A version that was ever released is not changed any more: the next one
// gets a file of its own.
//
//   room        one row a room: its newest epoch and its owner
//   slot        the log: the slots after the snapshot
//   snapshot    where the room's snapshot stands and lies: in an object, or, if it is small, here
//   quarantine  updates that the engine refused
//   owner       one row a start of a process: until when its lease lasts
//   connection  when clients connected to which room
//   epoch       the sequence that all epochs are drawn from
//   room_info   a view: what the dashboard shows of a room, without its contents
//
// Why no write of an epoch that is over is ever stored. append() inserts its slots first and looks at the
// room's epoch afterwards, in a statement of its own, whose snapshot (READ COMMITTED) is newer than the
// insertion. take() locks the room's row, raises the epoch, reads the log to its end, and puts a fence behind
// it, all in one transaction. Whoever inserts into a slot that another transaction is filling or emptying
// waits for its end. Let append A of epoch e write slot s, and take T begin a later epoch, its fence in slot
// f.
//
//  s = f, A first  T waits for A. If A commits, T's fence conflicts; T reads again and finds A's slot.
//  s = f, T first  A waits for T, and conflicts.
//  f emptied since What emptied it (a snapshot, a release) has committed, or A would wait or conflict, and it
//                  came after T. So A's look sees T's epoch, or no room, and A undoes.
//  s < f           T read the log to f - 1, without gaps, so slot s was filled, or covered by a snapshot.
//                  Filled: A conflicts. Emptied: the snapshot has committed, so A's look sees it, finds no
//                  slot s - 1, and A undoes.
//  s > f           A's look must see slot s - 1, and so on down to f, or a snapshot that covers them: slot f
//                  was filled. Not by T: T's fence conflicts, as in the first line. By T: T has committed,
//                  and A's look sees its epoch.
//
// However long A stalls: before it inserts, one of these is found; between inserting and looking, the look is
// newer still; after looking, A holds slot s against T. release() of a room without contents puts a fence
// before it deletes, for the same reason: an append under way is either waited for, or finds the room gone.
// put_snapshot() locks the room's row and compares the epoch under the lock.
//
// The lease only decides who may try. That take() reads it without a lock may cost an owner its room, never
// an update.
#pragma once

namespace symphony::postgres {

inline constexpr const char* kSchemaV1 = R"sql(
CREATE SEQUENCE symphony.epoch AS bigint;

CREATE TABLE symphony.owner (
  id      text        PRIMARY KEY,
  address text        NOT NULL,
  until   timestamptz NOT NULL,
  term    bigint      NOT NULL  -- changes whenever the lease had run out
) WITH (fillfactor = 50);

CREATE TABLE symphony.room (
  name    bytea       PRIMARY KEY,
  epoch   bigint      NOT NULL,
  owner   text        NOT NULL,  -- its id; empty: free
  created timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated timestamptz NOT NULL DEFAULT clock_timestamp()  -- of the newest update that the snapshot covers
) WITH (fillfactor = 80);
CREATE INDEX room_hash ON symphony.room (sha256(name));  -- object keys have the hash only

CREATE TABLE symphony.slot (
  room     bytea       NOT NULL,
  seq      bigint      NOT NULL,
  epoch    bigint      NOT NULL,
  checksum bigint      NOT NULL,
  stored   timestamptz NOT NULL DEFAULT clock_timestamp(),
  update   bytea       NOT NULL,  -- empty: a fence
  PRIMARY KEY (room, seq)
);
-- Updates are dense, and gone soon: compressing them is not worth the time.
ALTER TABLE symphony.slot ALTER update SET STORAGE EXTERNAL;

CREATE TABLE symphony.snapshot (
  room     bytea  PRIMARY KEY,
  seq      bigint NOT NULL,
  epoch    bigint NOT NULL,
  checksum bigint NOT NULL,
  bytes    bigint NOT NULL,
  object   text,   -- its key
  state    bytea,
  CHECK ((object IS NULL) <> (state IS NULL))
);
ALTER TABLE symphony.snapshot ALTER state SET STORAGE EXTERNAL;

CREATE TABLE symphony.quarantine (
  room     bytea       NOT NULL,
  seq      bigint      NOT NULL,
  epoch    bigint      NOT NULL,
  checksum bigint      NOT NULL,
  update   bytea       NOT NULL,
  reason   text        NOT NULL,
  since    timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (room, seq, epoch)
);

CREATE TABLE symphony.connection (
  room bytea       NOT NULL,
  time timestamptz NOT NULL
);
CREATE INDEX connection_room ON symphony.connection (room, time);
CREATE INDEX connection_time ON symphony.connection (time);

CREATE VIEW symphony.room_info AS
  SELECT r.name AS room, coalesce(log.newest, s.seq, 0) AS seq, coalesce(s.bytes, 0) + log.bytes AS bytes,
         r.created, greatest(r.updated, log.updated) AS updated, r.epoch, o.id IS NOT NULL AS active,
         coalesce(o.address, '') AS address
    FROM symphony.room r
    LEFT JOIN symphony.snapshot s ON s.room = r.name
    LEFT JOIN symphony.owner o ON o.id = r.owner AND o.until > clock_timestamp()
   CROSS JOIN LATERAL (
         SELECT max(l.seq) AS newest, coalesce(sum(octet_length(l.update)), 0)::bigint AS bytes,
                max(l.stored) FILTER (WHERE octet_length(l.update) > 0) AS updated
           FROM symphony.slot l WHERE l.room = r.name) log;

-- All that is stored of a room, as one statement sees it: kind 2 the snapshot, 3 the slots, ascending.
CREATE FUNCTION symphony.stored(the_room bytea)
RETURNS TABLE (kind integer, seq bigint, epoch bigint, checksum bigint, bytes bigint, object text, content bytea)
LANGUAGE sql STABLE AS $$
  SELECT 2, s.seq, s.epoch, s.checksum, s.bytes, s.object, s.state FROM symphony.snapshot s
   WHERE s.room = the_room
   UNION ALL
  SELECT 3, l.seq, l.epoch, l.checksum, octet_length(l.update), NULL, l.update FROM symphony.slot l
   WHERE l.room = the_room
   ORDER BY 1, 2
$$;

CREATE FUNCTION symphony.newest_slot(the_room bytea) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT max(l.seq) FROM symphony.slot l WHERE l.room = the_room),
                  (SELECT s.seq FROM symphony.snapshot s WHERE s.room = the_room), 0)
$$;

-- Whether more than fences was ever stored of the room.
CREATE FUNCTION symphony.holds_anything(the_room bytea) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM symphony.snapshot s WHERE s.room = the_room)
      OR EXISTS (SELECT FROM symphony.quarantine q WHERE q.room = the_room)
      OR EXISTS (SELECT FROM symphony.slot l WHERE l.room = the_room AND octet_length(l.update) > 0)
$$;

-- Puts a fence behind the log, with the room's row locked. Each statement looks anew: what was quicker is seen.
CREATE FUNCTION symphony.put_fence(the_room bytea, the_epoch bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  next bigint;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'symphony needs READ COMMITTED';
  END IF;
  LOOP
    next := symphony.newest_slot(the_room) + 1;
    INSERT INTO symphony.slot (room, seq, epoch, checksum, update) VALUES (the_room, next, the_epoch, 0, '')
      ON CONFLICT DO NOTHING;
    EXIT WHEN FOUND;
  END LOOP;
END $$;

-- The lease lasts anew; answers its term. The cases are those of the old row, if there is one.
CREATE FUNCTION symphony.renew(me text, my_address text, lease interval) RETURNS bigint LANGUAGE sql AS $$
  INSERT INTO symphony.owner AS o (id, address, until, term)
    VALUES (me, my_address, clock_timestamp() + lease, nextval('symphony.epoch'))
    ON CONFLICT (id) DO UPDATE SET
      address = excluded.address, until = excluded.until,
      term = CASE WHEN o.until > clock_timestamp() THEN o.term ELSE excluded.term END
    RETURNING o.term
$$;

-- Kind 0: the room is held by the owner whose address is `object`. Kind 1: it was taken, in `epoch`; `seq` is the
-- term of the lease; then what is stored.
CREATE FUNCTION symphony.take(the_room bytea, me text, my_address text, lease interval)
RETURNS TABLE (kind integer, seq bigint, epoch bigint, checksum bigint, bytes bigint, object text, content bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  held_by    text;
  held_at    text;
  the_epoch  bigint;
BEGIN
  LOOP
    SELECT r.owner INTO held_by FROM symphony.room r WHERE r.name = the_room FOR UPDATE;
    EXIT WHEN FOUND;
    INSERT INTO symphony.room (name, epoch, owner) VALUES (the_room, 0, '') ON CONFLICT DO NOTHING;
  END LOOP;
  IF held_by NOT IN ('', me) THEN
    SELECT o.address INTO held_at FROM symphony.owner o WHERE o.id = held_by AND o.until > clock_timestamp();
    IF FOUND THEN
      RETURN QUERY SELECT 0, 0::bigint, 0::bigint, 0::bigint, 0::bigint, held_at, NULL::bytea;
      RETURN;
    END IF;
  END IF;
  the_epoch := nextval('symphony.epoch');
  UPDATE symphony.room SET epoch = the_epoch, owner = me WHERE name = the_room;
  PERFORM symphony.put_fence(the_room, the_epoch);
  RETURN QUERY SELECT 1, symphony.renew(me, my_address, lease), the_epoch, 0::bigint, 0::bigint, NULL, NULL::bytea;
  RETURN QUERY SELECT * FROM symphony.stored(the_room);
END $$;

CREATE FUNCTION symphony.release(the_room bytea, the_epoch bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM symphony.room WHERE name = the_room AND epoch = the_epoch FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  IF NOT symphony.holds_anything(the_room) THEN
    PERFORM symphony.put_fence(the_room, the_epoch);
    IF NOT symphony.holds_anything(the_room) THEN
      DELETE FROM symphony.slot WHERE room = the_room;
      DELETE FROM symphony.room WHERE name = the_room;
      RETURN;
    END IF;
  END IF;
  UPDATE symphony.room SET owner = '' WHERE name = the_room;
END $$;

-- All slots or, with SQLSTATE 23505 or SY001, none. Those of one room must be consecutive and ascending.
CREATE FUNCTION symphony.append(rooms bytea[], epochs bigint[], seqs bigint[], checksums bigint[], updates bytea[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'symphony needs READ COMMITTED';
  END IF;
  INSERT INTO symphony.slot (room, epoch, seq, checksum, update)
    SELECT * FROM unnest(rooms, epochs, seqs, checksums, updates);
  -- Scalar subqueries: each is one look into an index, whatever the planner believes of the tables' sizes.
  IF EXISTS (
       SELECT FROM unnest(rooms, epochs, seqs) AS new (room, epoch, seq)
        WHERE (SELECT r.epoch FROM symphony.room r WHERE r.name = new.room) IS DISTINCT FROM new.epoch
           OR coalesce((SELECT l.seq FROM symphony.slot l WHERE l.room = new.room AND l.seq = new.seq - 1),
                       (SELECT s.seq FROM symphony.snapshot s WHERE s.room = new.room AND s.seq = new.seq - 1))
              IS NULL) THEN
    RAISE EXCEPTION 'a slot is not for its epoch to fill' USING ERRCODE = 'SY001';
  END IF;
END $$;

-- The same, one by one: what is refused is undone by itself. Answers, in order, whether the slot is stored, and if
-- not the room's epoch and newest slot (0: there is no such room).
CREATE FUNCTION symphony.append_each(rooms bytea[], epochs bigint[], seqs bigint[], checksums bigint[],
                                     updates bytea[])
RETURNS TABLE (accepted boolean, present_epoch bigint, newest bigint) LANGUAGE plpgsql AS $$
DECLARE
  new      record;
  inserted boolean;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'symphony needs READ COMMITTED';
  END IF;
  FOR new IN SELECT * FROM unnest(rooms, epochs, seqs, checksums, updates) AS u (room, epoch, seq, checksum, update)
  LOOP
    INSERT INTO symphony.slot (room, epoch, seq, checksum, update)
      VALUES (new.room, new.epoch, new.seq, new.checksum, new.update) ON CONFLICT DO NOTHING;
    inserted := FOUND;
    SELECT CASE WHEN r.epoch <> new.epoch THEN false
                WHEN inserted THEN
                  EXISTS (SELECT FROM symphony.slot l WHERE l.room = new.room AND l.seq = new.seq - 1)
                  OR EXISTS (SELECT FROM symphony.snapshot s WHERE s.room = new.room AND s.seq = new.seq - 1)
                ELSE  -- a retry whose first answer was lost?
                  EXISTS (SELECT FROM symphony.slot l WHERE l.room = new.room AND l.seq = new.seq
                             AND l.epoch = new.epoch AND l.update = new.update)
           END, r.epoch
      INTO accepted, present_epoch FROM symphony.room r WHERE r.name = new.room;
    IF NOT FOUND THEN
      accepted := false;
      present_epoch := 0;
    END IF;
    IF inserted AND NOT accepted THEN
      DELETE FROM symphony.slot WHERE room = new.room AND seq = new.seq;
    END IF;
    newest := CASE WHEN accepted THEN new.seq ELSE symphony.newest_slot(new.room) END;
    RETURN NEXT;
  END LOOP;
END $$;

-- Answers whether the snapshot is the room's now, what was found (zeros: no such room), and the snapshot before.
CREATE FUNCTION symphony.put_snapshot(the_room bytea, the_epoch bigint, the_seq bigint, the_checksum bigint,
                                      the_bytes bigint, the_object text, the_state bytea,
                                      poison_seqs bigint[], poison_reasons text[])
RETURNS TABLE (accepted boolean, present_epoch bigint, newest bigint, old_seq bigint, old_epoch bigint,
               old_object text)
LANGUAGE plpgsql AS $$
BEGIN
  SELECT r.epoch INTO present_epoch FROM symphony.room r WHERE r.name = the_room FOR UPDATE;
  present_epoch := coalesce(present_epoch, 0);
  SELECT s.seq, s.epoch, s.object INTO old_seq, old_epoch, old_object FROM symphony.snapshot s
   WHERE s.room = the_room;
  old_seq := coalesce(old_seq, 0);
  old_epoch := coalesce(old_epoch, 0);
  newest := symphony.newest_slot(the_room);
  accepted := present_epoch = the_epoch AND the_seq BETWEEN greatest(old_seq, 1) AND newest;
  IF accepted THEN
    INSERT INTO symphony.quarantine (room, seq, epoch, checksum, update, reason)
      SELECT l.room, l.seq, l.epoch, l.checksum, l.update, p.reason
        FROM unnest(poison_seqs, poison_reasons) AS p (seq, reason)
        JOIN symphony.slot l ON l.room = the_room AND l.seq = p.seq
       WHERE p.seq <= the_seq
      ON CONFLICT DO NOTHING;
    UPDATE symphony.room SET updated = greatest(updated, (
             SELECT max(l.stored) FROM symphony.slot l
              WHERE l.room = the_room AND l.seq <= the_seq AND octet_length(l.update) > 0))
     WHERE name = the_room;
    DELETE FROM symphony.slot WHERE room = the_room AND seq <= the_seq;
    INSERT INTO symphony.snapshot (room, seq, epoch, checksum, bytes, object, state)
      VALUES (the_room, the_seq, the_epoch, the_checksum, the_bytes, the_object, the_state)
      ON CONFLICT (room) DO UPDATE SET seq = excluded.seq, epoch = excluded.epoch, checksum = excluded.checksum,
        bytes = excluded.bytes, object = excluded.object, state = excluded.state;
  END IF;
  RETURN NEXT;
END $$;
)sql";

// The group roles, and exactly what each may do. Granting twice does nothing.
inline constexpr const char* kGrants = R"sql(
REVOKE ALL ON SCHEMA symphony FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA symphony FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA symphony FROM PUBLIC;
GRANT USAGE ON SCHEMA symphony TO symphony_room, symphony_dashboard;

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA symphony TO symphony_room;
GRANT USAGE ON SEQUENCE symphony.epoch TO symphony_room;
GRANT SELECT ON symphony.schema_version, symphony.room_info TO symphony_room;
GRANT SELECT, INSERT, UPDATE, DELETE ON symphony.room, symphony.owner TO symphony_room;
GRANT SELECT, INSERT, DELETE ON symphony.slot, symphony.connection TO symphony_room;
GRANT SELECT, INSERT, UPDATE ON symphony.snapshot TO symphony_room;
GRANT SELECT, INSERT ON symphony.quarantine TO symphony_room;

GRANT SELECT ON symphony.schema_version, symphony.room_info, symphony.connection, symphony.owner
  TO symphony_dashboard;
GRANT SELECT (room, seq, epoch, reason, since) ON symphony.quarantine TO symphony_dashboard;
)sql";

}  // namespace symphony::postgres
