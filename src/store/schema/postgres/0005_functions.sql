-- Room in each page for the row as it ends, so that no index is written when an event is finished.
ALTER TABLE neon_sms_relay_deliveries SET (fillfactor = 70);
ALTER TABLE neon_sms_relay_numbers SET (fillfactor = 80);

-- A claim and its end are functions because PostgreSQL plans what is in them once for each session, whoever calls;
-- also behind a pooler that gives each transaction another session, where statements cannot be prepared. Whoever
-- changes one gives it other parameters, so that instances of the version before find theirs.

-- Who owns an event, and whether its number gets a text. The row of the number is what events of one number wait for
-- each other at: each sees what those before it left. It is decided as NewDelivery::judge does it.
CREATE FUNCTION neon_sms_relay_claim(
    this_event TEXT, its_type TEXT, its_endpoint TEXT, new_ref TEXT, its_hash TEXT, its_last_two TEXT, its_region TEXT,
    its_linked BOOLEAN, its_expiry BIGINT, lease_until BIGINT, at_now BIGINT, longest_lease BIGINT, numbers SMALLINT,
    pauses BIGINT[], per_10_min INTEGER, per_day INTEGER, enforced BOOLEAN, unless_verified TEXT,
    ten_minutes_ago BIGINT, a_day_ago BIGINT, clocks_differ BIGINT, trusted_since BIGINT,
    too_soon TEXT, too_many_in_10_min TEXT, too_many_today TEXT, memory INTEGER,
    unknown_refused_by TEXT, unknown_counts BOOLEAN,
    OUT its_token BIGINT, OUT its_ref TEXT, OUT came_at BIGINT, OUT sends SMALLINT, OUT numbered_to SMALLINT,
    OUT why_refused TEXT, OUT number_verified_at BIGINT, OUT in_vain TEXT, OUT its_reply TEXT)
LANGUAGE plpgsql AS $$
DECLARE
    known neon_sms_relay_numbers;
    is_known BOOLEAN := FALSE;
    today BIGINT[];
    texts INTEGER;
    counts BOOLEAN := FALSE;
    before TEXT;
BEGIN
    IF its_hash IS NOT NULL AND NOT EXISTS (SELECT FROM neon_sms_relay_deliveries WHERE event_id = this_event) THEN
        why_refused := unknown_refused_by;
        LOOP
            SELECT * INTO known FROM neon_sms_relay_numbers WHERE recipient_hash = its_hash FOR UPDATE;
            is_known := FOUND;
            EXIT WHEN is_known OR NOT unknown_counts;
            INSERT INTO neon_sms_relay_numbers (recipient_hash, recent, latest_ref, latest_event, refused_by)
            VALUES (its_hash, CASE WHEN memory > 0 THEN ARRAY[at_now] ELSE '{}' END, new_ref, this_event,
                unknown_refused_by)
            ON CONFLICT DO NOTHING;
            EXIT WHEN FOUND;
        END LOOP;
        IF is_known THEN
            number_verified_at := known.verified_at;
            before := known.latest_ref;
            IF known.latest_event = this_event THEN
                -- Another claim of this event has noted it while this one waited.
                before := known.previous_ref;
            ELSE
                why_refused := CASE WHEN known.verified_at > trusted_since THEN NULL ELSE unless_verified END;
                today := '{}';
                IF known.recent <> '{}' THEN
                    SELECT coalesce(array_agg(at ORDER BY i), '{}') INTO today
                    FROM unnest(known.recent) WITH ORDINALITY AS noted (at, i)
                    WHERE at > a_day_ago AND at <= clocks_differ;
                END IF;
                texts := cardinality(today);
                IF why_refused IS NULL THEN
                    IF at_now < today[texts] + pauses[least(texts, cardinality(pauses))] THEN
                        why_refused := too_soon;
                    ELSIF texts >= per_10_min
                        AND (SELECT count(*) FROM unnest(today) AS at WHERE at > ten_minutes_ago) >= per_10_min THEN
                        why_refused := too_many_in_10_min;
                    ELSIF texts >= per_day THEN
                        why_refused := too_many_today;
                    END IF;
                    counts := why_refused IS NULL OR NOT enforced;
                END IF;
                IF counts THEN
                    UPDATE neon_sms_relay_numbers SET
                        recent = (today || at_now)[greatest(texts + 2 - memory, 1):], previous_ref = known.latest_ref,
                        latest_ref = new_ref, latest_event = this_event, superseded = FALSE, keep_until = NULL,
                        refused_by = why_refused
                    WHERE recipient_hash = its_hash;
                ELSE
                    UPDATE neon_sms_relay_numbers SET superseded = TRUE, refused_by = why_refused
                    WHERE recipient_hash = its_hash;
                END IF;
            END IF;
        END IF;
    ELSIF its_hash IS NOT NULL THEN
        SELECT verified_at, previous_ref INTO number_verified_at, before
        FROM neon_sms_relay_numbers WHERE recipient_hash = its_hash;
    END IF;
    INSERT INTO neon_sms_relay_deliveries AS d (event_id, event_type, endpoint_id, delivery_ref, recipient_hash,
        recipient_last_two, region, linked, expires_at, token, leased_until, possible_sends, numbered,
        first_claimed_at, refused_by)
    VALUES (this_event, its_type, its_endpoint, new_ref, its_hash, its_last_two, its_region, its_linked, its_expiry, 1,
        lease_until, 1, numbers, at_now, why_refused)
    ON CONFLICT (event_id) DO UPDATE SET token = d.token + 1, leased_until = lease_until,
        possible_sends = least(d.possible_sends + 1, 255), numbered = least(d.numbered + numbers, 255)
    WHERE d.reply IS NULL AND d.leased_until NOT BETWEEN at_now AND longest_lease
    RETURNING token, delivery_ref, first_claimed_at, possible_sends, numbered, refused_by
    INTO its_token, its_ref, came_at, sends, numbered_to, why_refused;
    IF its_token IS NULL THEN
        SELECT reply INTO its_reply FROM neon_sms_relay_deliveries WHERE event_id = this_event;
    ELSIF before IS NOT NULL THEN
        SELECT provider INTO in_vain FROM neon_sms_relay_texts AS t
        WHERE verdict = 'accepted' AND delivery_ref = before AND NOT EXISTS (
            SELECT FROM neon_sms_relay_deliveries AS d
            WHERE d.delivery_ref = t.delivery_ref AND d.verified_at IS NOT NULL)
        ORDER BY t.number DESC LIMIT 1;
    END IF;
END $$;

-- Writes requests down, beside what was reported of them already.
CREATE FUNCTION neon_sms_relay_write_texts(its_ref TEXT, texts JSON) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO neon_sms_relay_texts AS t (delivery_ref, number, provider, verdict, code, message_id, sent_at, elapsed_ms,
        segments, price_micros, currency, status)
    SELECT its_ref, new.*, CASE WHEN new.verdict = 'accepted' THEN 'accepted' END
    FROM json_to_recordset(texts) AS new (number smallint, provider text, verdict text, code text, message_id text,
        sent_at bigint, elapsed_ms bigint, segments smallint, price_micros bigint, currency text)
    ON CONFLICT (delivery_ref, number) DO UPDATE SET provider = excluded.provider, verdict = excluded.verdict,
        code = excluded.code, message_id = excluded.message_id, sent_at = excluded.sent_at,
        elapsed_ms = excluded.elapsed_ms, segments = coalesce(t.segments, excluded.segments),
        price_micros = coalesce(t.price_micros, excluded.price_micros),
        currency = coalesce(t.currency, excluded.currency), status = coalesce(t.status, excluded.status);
END $$;

-- Ends an event whose owner holds it; says whether they did.
CREATE FUNCTION neon_sms_relay_finish(
    this_event TEXT, its_token BIGINT, its_reply TEXT, at_now BIGINT, sends SMALLINT, numbered_to SMALLINT,
    its_decision TEXT, texts JSON, known_ref TEXT)
RETURNS BOOLEAN LANGUAGE plpgsql AS $$
DECLARE
    its_ref TEXT;
BEGIN
    UPDATE neon_sms_relay_deliveries SET reply = its_reply, finished_at = at_now, possible_sends = sends,
        numbered = numbered_to, decision = its_decision
    WHERE event_id = this_event AND token = its_token AND delivery_ref = known_ref AND reply IS NULL
    RETURNING delivery_ref INTO its_ref;
    IF its_ref IS NULL THEN
        RETURN FALSE;
    END IF;
    IF texts IS NOT NULL THEN
        PERFORM neon_sms_relay_write_texts(its_ref, texts);
    END IF;
    RETURN TRUE;
END $$;
