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

ALTER TABLE deliveries ADD COLUMN region      TEXT;
ALTER TABLE deliveries ADD COLUMN linked      INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN expires_at  INTEGER;
-- How many numbers of requests are given away.
ALTER TABLE deliveries ADD COLUMN numbered    INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN refused_by  TEXT;
ALTER TABLE deliveries ADD COLUMN decision    TEXT;
ALTER TABLE deliveries ADD COLUMN verified_at INTEGER;
UPDATE deliveries SET numbered = json_array_length(attempts) WHERE attempts IS NOT NULL;
-- provider, message_id, attempts, status and status_code are in the texts from now on; a later version drops them. To
-- drop one rewrites the whole table.

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
