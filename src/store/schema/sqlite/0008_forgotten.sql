-- Numbers that were erased, by their keyed hashes, for a day: running servers forget what of them came until then.
CREATE TABLE forgotten (
    recipient_hash TEXT    NOT NULL PRIMARY KEY,
    until          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
