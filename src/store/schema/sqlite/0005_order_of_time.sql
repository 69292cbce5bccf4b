-- In the order in which they came, so that those of one moment share pages, when they are claimed, finished and
-- forgotten; only the index of Neon's ids is written all over.
ALTER TABLE deliveries RENAME TO deliveries_before;
CREATE TABLE deliveries (
    seq                INTEGER PRIMARY KEY,
    event_id           TEXT    NOT NULL UNIQUE,
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
    -- These five are in the texts; an instance of version 2 may still write them.
    provider           TEXT,
    message_id         TEXT,
    attempts           TEXT,
    status             TEXT    NOT NULL DEFAULT 'accepted',
    status_code        TEXT,
    region             TEXT,
    linked             INTEGER NOT NULL DEFAULT 0,
    expires_at         INTEGER,
    -- How many numbers of requests are given away.
    numbered           INTEGER NOT NULL DEFAULT 0,
    refused_by         TEXT,
    decision           TEXT,
    verified_at        INTEGER
) STRICT;
INSERT INTO deliveries (event_id, event_type, endpoint_id, delivery_ref, recipient_hash, recipient_last_two, token,
    leased_until, possible_sends, first_claimed_at, finished_at, reply, provider, message_id, attempts, status, status_code, region,
    linked, expires_at, numbered, refused_by, decision, verified_at)
SELECT event_id, event_type, endpoint_id, delivery_ref, recipient_hash, recipient_last_two, token,
    leased_until, possible_sends, first_claimed_at, finished_at, reply, provider, message_id, attempts, status, status_code, region,
    linked, expires_at, numbered, refused_by, decision, verified_at
FROM deliveries_before ORDER BY first_claimed_at;
DROP TABLE deliveries_before;
CREATE INDEX deliveries_by_age ON deliveries (first_claimed_at);
