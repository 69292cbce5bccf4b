-- For those who look through deliveries. Where nearly all rows are alike, only the others are in an index.
CREATE INDEX neon_sms_relay_deliveries_by_region ON neon_sms_relay_deliveries (region, first_claimed_at)
    WHERE region IS NOT NULL;
CREATE INDEX neon_sms_relay_deliveries_by_type ON neon_sms_relay_deliveries (event_type, first_claimed_at)
    WHERE event_type <> 'send.otp';
CREATE INDEX neon_sms_relay_deliveries_refused ON neon_sms_relay_deliveries (first_claimed_at)
    WHERE decision LIKE '%"refused"%';
