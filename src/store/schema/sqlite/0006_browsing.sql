-- For those who look through deliveries. Where nearly all rows are alike, only the others are in an index.
CREATE INDEX deliveries_by_region ON deliveries (region, first_claimed_at) WHERE region IS NOT NULL;
CREATE INDEX deliveries_by_type ON deliveries (event_type, first_claimed_at) WHERE event_type <> 'send.otp';
CREATE INDEX deliveries_refused ON deliveries (first_claimed_at) WHERE instr(decision, '"refused"') > 0;
