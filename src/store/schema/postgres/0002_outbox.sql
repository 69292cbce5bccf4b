-- What waits for the user's app. `sealed` is encrypted under a key derived from HASH_KEY.
-- Only the oldest living item of a lane has a time when it is due; the others wait for their turn.
CREATE TABLE neon_sms_relay_outbox (
    seq          BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id     TEXT    NOT NULL UNIQUE,
    event_type   TEXT    NOT NULL,
    endpoint_id  TEXT,
    lane         TEXT    NOT NULL,
    sealed       BYTEA   NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    queued_at    BIGINT  NOT NULL,
    give_up_at   BIGINT  NOT NULL,
    due_at       BIGINT,
    leased_until BIGINT  NOT NULL DEFAULT 0,
    failure      TEXT,
    dead_at      BIGINT
);

CREATE INDEX neon_sms_relay_outbox_due ON neon_sms_relay_outbox (due_at) WHERE dead_at IS NULL;
CREATE INDEX neon_sms_relay_outbox_lanes ON neon_sms_relay_outbox (lane, seq) WHERE dead_at IS NULL;
CREATE INDEX neon_sms_relay_outbox_dead ON neon_sms_relay_outbox (dead_at) WHERE dead_at IS NOT NULL;
