-- Instances of the version before may run on: nothing that they write is taken away, and nothing is lost meanwhile.
LOCK TABLE neon_sms_relay_deliveries IN SHARE ROW EXCLUSIVE MODE;

-- Each request to a provider is a text of its own. A report may make its row before the answer to the request does.
CREATE TABLE neon_sms_relay_texts (
    delivery_ref  TEXT     NOT NULL,
    number        SMALLINT NOT NULL,
    provider      TEXT     NOT NULL,
    verdict       TEXT,
    code          TEXT,
    message_id    TEXT,
    sent_at       BIGINT,
    elapsed_ms    BIGINT,
    segments      SMALLINT,
    price_micros  BIGINT,
    currency      TEXT,
    status        TEXT,
    status_code   TEXT,
    status_at     BIGINT,
    word          TEXT,
    again_life_s  BIGINT,
    transient     BOOLEAN  NOT NULL DEFAULT FALSE,
    PRIMARY KEY (delivery_ref, number)
);

-- MessageBird's reports may know no other name of a text.
CREATE INDEX neon_sms_relay_texts_of_messagebird ON neon_sms_relay_texts (message_id)
    WHERE provider = 'messagebird' AND message_id IS NOT NULL;
CREATE INDEX neon_sms_relay_texts_to_make_good ON neon_sms_relay_texts (status_at) WHERE again_life_s IS NOT NULL;

INSERT INTO neon_sms_relay_texts (delivery_ref, number, provider, verdict, code, message_id, sent_at, elapsed_ms,
    status, status_code)
SELECT d.delivery_ref, a.number, a.value ->> 'provider', a.value ->> 'verdict', a.value ->> 'code',
    CASE WHEN a.value ->> 'verdict' = 'accepted' THEN d.message_id END,
    coalesce(d.finished_at, d.first_claimed_at), (a.value ->> 'elapsed_ms')::bigint,
    CASE WHEN a.value ->> 'verdict' = 'accepted' THEN d.status END,
    CASE WHEN a.value ->> 'verdict' = 'accepted' THEN d.status_code END
FROM neon_sms_relay_deliveries AS d, json_array_elements(d.attempts::json) WITH ORDINALITY AS a (value, number)
WHERE d.attempts IS NOT NULL;

ALTER TABLE neon_sms_relay_deliveries
    ADD COLUMN region      TEXT,
    ADD COLUMN linked      BOOLEAN  NOT NULL DEFAULT FALSE,
    ADD COLUMN expires_at  BIGINT,
    -- How many numbers of requests are given away.
    ADD COLUMN numbered    SMALLINT NOT NULL DEFAULT 0,
    ADD COLUMN refused_by  TEXT,
    ADD COLUMN decision    TEXT,
    ADD COLUMN verified_at BIGINT;
UPDATE neon_sms_relay_deliveries SET numbered = json_array_length(attempts::json) WHERE attempts IS NOT NULL;
-- provider, message_id, attempts, status and status_code are in the texts from now on; a later version drops them.

-- What is remembered of a number, under its keyed hash. `recent` holds the times of its texts since it was last
-- verified. The latest code is `superseded` by one that was not texted. A number of which no delivery is kept rests
-- until `keep_until`.
CREATE TABLE neon_sms_relay_numbers (
    recipient_hash TEXT     PRIMARY KEY,
    recent         BIGINT[] NOT NULL DEFAULT '{}',
    verified_at    BIGINT,
    latest_ref     TEXT,
    latest_event   TEXT,
    previous_ref   TEXT,
    superseded     BOOLEAN  NOT NULL DEFAULT FALSE,
    keep_until     BIGINT,
    -- Why the claim that came last gets no text.
    refused_by     TEXT
);

CREATE INDEX neon_sms_relay_numbers_at_rest ON neon_sms_relay_numbers (keep_until) WHERE keep_until IS NOT NULL;

INSERT INTO neon_sms_relay_numbers (recipient_hash, recent, latest_ref)
SELECT DISTINCT ON (recipient_hash) recipient_hash, ARRAY[first_claimed_at], delivery_ref
FROM neon_sms_relay_deliveries WHERE recipient_hash IS NOT NULL ORDER BY recipient_hash, first_claimed_at DESC;

-- Counts by the hour, shared by all instances: of what, where, and for which provider or prefix.
CREATE TABLE neon_sms_relay_tallies (
    hour   BIGINT NOT NULL,
    kind   TEXT   NOT NULL,
    region TEXT   NOT NULL,
    detail TEXT   NOT NULL,
    count  BIGINT NOT NULL,
    PRIMARY KEY (hour, kind, region, detail)
);
