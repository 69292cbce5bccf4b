-- The newest code of each test number, which is never texted. `sealed` is encrypted under a key derived from HASH_KEY.
CREATE TABLE test_codes (
    recipient_hash TEXT    NOT NULL PRIMARY KEY,
    event_id       TEXT    NOT NULL,
    sealed         BLOB    NOT NULL,
    came_at        INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
