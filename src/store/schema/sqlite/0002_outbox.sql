-- What waits for the user's app. `sealed` is encrypted under a key derived from HASH_KEY.
-- Only the oldest living item of a lane has a time when it is due; the others wait for their turn.
CREATE TABLE outbox (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id     TEXT    NOT NULL UNIQUE,
    event_type   TEXT    NOT NULL,
    endpoint_id  TEXT,
    lane         TEXT    NOT NULL,
    sealed       BLOB    NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    queued_at    INTEGER NOT NULL,
    give_up_at   INTEGER NOT NULL,
    due_at       INTEGER,
    leased_until INTEGER NOT NULL DEFAULT 0,
    failure      TEXT,
    dead_at      INTEGER
) STRICT;

CREATE INDEX outbox_due ON outbox (due_at) WHERE dead_at IS NULL;
CREATE INDEX outbox_lanes ON outbox (lane, seq) WHERE dead_at IS NULL;
CREATE INDEX outbox_dead ON outbox (dead_at) WHERE dead_at IS NOT NULL;
