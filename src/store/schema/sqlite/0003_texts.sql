-- Each request to a provider is a text of its own. A report may make its row before the answer to the request does.
CREATE TABLE texts (
    delivery_ref  TEXT    NOT NULL,
    number        INTEGER NOT NULL,
    provider      TEXT    NOT NULL,
    verdict       TEXT,
    code          TEXT,
    message_id    TEXT,
    sent_at       INTEGER,
    elapsed_ms    INTEGER,
    segments      INTEGER,
    price_micros  INTEGER,
    currency      TEXT,
    status        TEXT,
    status_code   TEXT,
    status_at     INTEGER,
    word          TEXT,
    again_life_s  INTEGER,
    transient     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (delivery_ref, number)
) STRICT, WITHOUT ROWID;

-- MessageBird's reports may know no other name of a text.
CREATE INDEX texts_of_messagebird ON texts (message_id) WHERE provider = 'messagebird' AND message_id IS NOT NULL;
CREATE INDEX texts_to_make_good ON texts (status_at) WHERE again_life_s IS NOT NULL;

INSERT INTO texts (delivery_ref, number, provider, verdict, code, message_id, sent_at, elapsed_ms, status, status_code)
SELECT d.delivery_ref, a.key + 1, a.value ->> 'provider', a.value ->> 'verdict', a.value ->> 'code',
    CASE WHEN a.value ->> 'verdict' = 'accepted' THEN d.message_id END,
    coalesce(d.finished_at, d.first_claimed_at), a.value ->> 'elapsed_ms',
    CASE WHEN a.value ->> 'verdict' = 'accepted' THEN d.status END,
    CASE WHEN a.value ->> 'verdict' = 'accepted' THEN d.status_code END
FROM deliveries AS d, json_each(d.attempts) AS a WHERE d.attempts IS NOT NULL;

-- In the order in which they came, so that those of one moment share pages, when they are claimed, finished and
-- forgotten; only the index of Neon's ids is written all over.
ALTER TABLE deliveries RENAME TO deliveries_of_version_2;
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
    -- These five are in the texts from now on; an instance of the version before may still write them.
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
    leased_until, possible_sends, first_claimed_at, finished_at, reply, provider, message_id, attempts, status,
    status_code, numbered)
SELECT event_id, event_type, endpoint_id, delivery_ref, recipient_hash, recipient_last_two, token, leased_until,
    possible_sends, first_claimed_at, finished_at, reply, provider, message_id, attempts, status, status_code,
    coalesce(json_array_length(attempts), 0)
FROM deliveries_of_version_2 ORDER BY first_claimed_at;
DROP TABLE deliveries_of_version_2;
CREATE INDEX deliveries_by_age ON deliveries (first_claimed_at);

-- What is remembered of a number, under its keyed hash. `recent` holds the times of its texts in milliseconds, with
-- commas between, since it was last verified. The latest code is `superseded` by one that was not texted. A number of
-- which no delivery is kept rests until `keep_until`.
CREATE TABLE numbers (
    recipient_hash TEXT NOT NULL PRIMARY KEY,
    recent         TEXT NOT NULL DEFAULT '',
    verified_at    INTEGER,
    latest_ref     TEXT,
    previous_ref   TEXT,
    superseded     INTEGER NOT NULL DEFAULT 0,
    keep_until     INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX numbers_at_rest ON numbers (keep_until) WHERE keep_until IS NOT NULL;

INSERT INTO numbers (recipient_hash, recent, latest_ref)
SELECT recipient_hash, CAST(max(first_claimed_at) AS TEXT), delivery_ref
FROM deliveries WHERE recipient_hash IS NOT NULL GROUP BY recipient_hash;

-- Counts by the hour, shared by all instances: of what, where, and for which provider or prefix.
CREATE TABLE tallies (
    hour   INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    region TEXT    NOT NULL,
    detail TEXT    NOT NULL,
    count  INTEGER NOT NULL,
    PRIMARY KEY (hour, kind, region, detail)
) STRICT, WITHOUT ROWID;
