-- The newest code of each test number, which is never texted. `sealed` is encrypted under a key derived from HASH_KEY.
CREATE TABLE neon_sms_relay_test_codes (
    recipient_hash TEXT PRIMARY KEY,
    event_id       TEXT   NOT NULL,
    sealed         BYTEA  NOT NULL,
    came_at        BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL
);
