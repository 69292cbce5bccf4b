-- Prefixes of numbers that get no text: closed by a rule for a while, or by somebody until it is opened.
CREATE TABLE neon_sms_relay_closings (
    prefix    TEXT   PRIMARY KEY,
    reason    TEXT   NOT NULL,
    since     BIGINT NOT NULL,
    until     BIGINT,
    closed_by TEXT   NOT NULL
);

-- The last batch of tallies that each process has written, so that none counts twice.
CREATE TABLE neon_sms_relay_tally_writers (
    writer TEXT   PRIMARY KEY,
    batch  BIGINT NOT NULL,
    hour   BIGINT NOT NULL
);
