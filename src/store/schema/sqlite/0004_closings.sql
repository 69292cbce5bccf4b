-- Prefixes of numbers that get no text: closed by a rule for a while, or by somebody until it is opened.
CREATE TABLE closings (
    prefix    TEXT    NOT NULL PRIMARY KEY,
    reason    TEXT    NOT NULL,
    since     INTEGER NOT NULL,
    until     INTEGER,
    closed_by TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- The last batch of tallies that each process has written, so that none counts twice.
CREATE TABLE tally_writers (
    writer TEXT    NOT NULL PRIMARY KEY,
    batch  INTEGER NOT NULL,
    hour   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
