-- Numbers that were erased, by their keyed hashes, for a day: running servers forget what of them came until then.
CREATE TABLE neon_sms_relay_forgotten (
    recipient_hash TEXT   PRIMARY KEY,
    until          BIGINT NOT NULL
);
