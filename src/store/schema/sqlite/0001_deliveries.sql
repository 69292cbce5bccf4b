-- Times are milliseconds since the Unix epoch. No row holds a code, a text or a whole phone number.
CREATE TABLE deliveries (
    event_id           TEXT    NOT NULL PRIMARY KEY,
    event_type         TEXT    NOT NULL,
    endpoint_id        TEXT,
    delivery_ref       TEXT    NOT NULL UNIQUE,
    recipient_hash     TEXT,
    recipient_last_two TEXT,
    token              INTEGER NOT NULL,
    leased_until       INTEGER NOT NULL,
    possible_sends     INTEGER NOT NULL,
    first_claimed_at   INTEGER NOT NULL,
    finished_at        INTEGER,
    reply              TEXT,
    provider           TEXT,
    message_id         TEXT,
    attempts           TEXT,
    status             TEXT    NOT NULL DEFAULT 'accepted',
    status_code        TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_by_age ON deliveries (first_claimed_at);

CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
