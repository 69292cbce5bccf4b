-- Times are milliseconds since the Unix epoch. No row holds a code, a text or a whole phone number.
-- The names are long because the database may be the user's own.
CREATE TABLE neon_sms_relay_deliveries (
    event_id           TEXT     PRIMARY KEY,
    event_type         TEXT     NOT NULL,
    endpoint_id        TEXT,
    delivery_ref       TEXT     NOT NULL UNIQUE,
    recipient_hash     TEXT,
    recipient_last_two TEXT,
    token              BIGINT   NOT NULL,
    leased_until       BIGINT   NOT NULL,
    possible_sends     SMALLINT NOT NULL,
    first_claimed_at   BIGINT   NOT NULL,
    finished_at        BIGINT,
    reply              TEXT,
    provider           TEXT,
    message_id         TEXT,
    attempts           TEXT,
    status             TEXT     NOT NULL DEFAULT 'accepted',
    status_code        TEXT
);

CREATE INDEX neon_sms_relay_deliveries_by_age ON neon_sms_relay_deliveries (first_claimed_at);

CREATE TABLE neon_sms_relay_settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
