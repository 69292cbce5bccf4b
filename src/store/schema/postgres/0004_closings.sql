-- Prefixes of numbers that get no text: closed by a rule for a while, or by somebody until it is opened.
CREATE TABLE neon_sms_relay_closings (
    prefix    TEXT   PRIMARY KEY,
    reason    TEXT   NOT NULL,
    since     BIGINT NOT NULL,
    until     BIGINT,
    closed_by TEXT   NOT NULL
);
