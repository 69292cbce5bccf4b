//! Events of the Channels API, which come to one address for the whole workspace.
//!
//! <https://docs.bird.com/api/notifications-api/api-reference/webhooks/verifying-a-webhook> and
//! <https://docs.bird.com/api/channels-api/message-status-and-interactions>

use super::channels::failure_row;
use crate::client::scalar;
use crate::{
    CallbackError, DeliveryStatus, RawCallback, Report, StatusCallback, StatusUpdate, Subject, window,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::time::{Duration, SystemTime};

const SIGNATURE: &str = "messagebird-signature";
const TIMESTAMP: &str = "messagebird-request-timestamp";

/// Bird repeats an event for eight hours, and does not say whether with the time of its first try.
const REPEATED_FOR: Duration = Duration::from_secs(8 * 60 * 60);

/// Verifies events with the signing key that the webhook subscription was made with.
pub struct BirdChannelsCallback {
    signing_key: SecretString,
}

impl BirdChannelsCallback {
    /// A verifier for the subscription of this signing key.
    pub fn new(signing_key: SecretString) -> Self {
        Self { signing_key }
    }

    /// HMAC-SHA256 over time, address and the bare hash of the body, a line each.
    fn is_signed(&self, raw: &RawCallback<'_>, timestamp: &str, signature: &[u8]) -> bool {
        let key = self.signing_key.expose_secret().as_bytes();
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return false };
        for part in [timestamp.as_bytes(), b"\n", raw.url.as_bytes(), b"\n", &Sha256::digest(raw.body)] {
            mac.update(part);
        }
        mac.verify_slice(signature).is_ok()
    }
}

impl StatusCallback for BirdChannelsCallback {
    fn verify(&self, raw: &RawCallback<'_>, now: SystemTime) -> Result<Option<Report>, CallbackError> {
        let header = |name| raw.header(name).ok_or(CallbackError::Unsigned);
        let (signature, timestamp) = (header(SIGNATURE)?, header(TIMESTAMP)?);
        let signature = STANDARD.decode(signature).map_err(|_| CallbackError::WrongSignature)?;
        if !self.is_signed(raw, timestamp, &signature) {
            return Err(CallbackError::WrongSignature);
        }
        window::check(timestamp.parse().map_err(|_| CallbackError::Malformed)?, REPEATED_FOR, now)?;
        let event: Value = serde_json::from_slice(raw.body).map_err(|_| CallbackError::Malformed)?;
        // The workspace may have other channels, and texts that come in.
        if event["event"].as_str().ok_or(CallbackError::Malformed)? != "sms.outbound" {
            return Ok(None);
        }
        read(&event["payload"]).map(Some)
    }
}

fn read(message: &Value) -> Result<Report, CallbackError> {
    let message_id = scalar(&message["id"]);
    let about = Subject::of(message["reference"].as_str(), message_id.as_deref());
    let word = message["status"].as_str().ok_or(CallbackError::Malformed)?;
    let known = match word {
        "accepted" | "processing" => Some(DeliveryStatus::Accepted),
        "sent" => Some(DeliveryStatus::Sent),
        "delivered" => Some(DeliveryStatus::Delivered),
        "delivery_failed" => Some(DeliveryStatus::Undelivered),
        "sending_failed" | "rejected" => Some(DeliveryStatus::Failed),
        "expired" => Some(DeliveryStatus::Expired),
        // Whatever Bird invents next.
        _ => None,
    };
    let (code, row) = failure_row(&message["failure"]);
    let update = known.map(|status| StatusUpdate::new(status).with_row(code.as_deref(), row));
    let report = Report::new(about.ok_or(CallbackError::Malformed)?, word, update);
    Ok(report.with_message_id(message_id.as_deref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FailureKind::{self, BadRecipient, Misconfigured, Unavailable, Unreachable};
    use crate::{MessageRef, VendorCode};
    use serde_json::json;
    use std::time::UNIX_EPOCH;

    const NOW: u64 = 1_790_000_000;
    const URL: &str = "https://relay.example.com/callbacks/messagebird";

    /// Signs as the documentation says, written apart from the code under test.
    fn sign(timestamp: u64, url: &str, body: &str) -> String {
        let mut signed = format!("{timestamp}\n{url}\n").into_bytes();
        signed.extend(Sha256::digest(body.as_bytes()));
        let mac = Hmac::<Sha256>::new_from_slice(b"signing key").unwrap().chain_update(signed);
        STANDARD.encode(mac.finalize().into_bytes())
    }

    fn verify_signed(
        timestamp: u64,
        url: &str,
        body: &str,
        signature: &str,
    ) -> Result<Option<Report>, CallbackError> {
        let headers =
            [(SIGNATURE.to_owned(), signature.to_owned()), (TIMESTAMP.to_owned(), timestamp.to_string())];
        let raw = RawCallback { url, headers: &headers, body: body.as_bytes() };
        BirdChannelsCallback::new("signing key".into()).verify(&raw, UNIX_EPOCH + Duration::from_secs(NOW))
    }

    fn verify(event: &Value) -> Result<Option<Report>, CallbackError> {
        let body = event.to_string();
        verify_signed(NOW, URL, &body, &sign(NOW, URL, &body))
    }

    fn event(status: &str) -> Value {
        json!({
            "service": "channels",
            "event": "sms.outbound",
            "payload": {
                "id": "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", "channelId": "channel-1",
                "receiver": {"contacts": [{"identifierKey": "phonenumber", "identifierValue": "+15551234567"}]},
                "reference": "0d9c1f6e-1", "status": status, "reason": "", "direction": "outgoing",
            },
        })
    }

    fn failed(failure: &Value) -> StatusUpdate {
        let mut event = event("delivery_failed");
        event["payload"]["failure"] = failure.clone();
        verify(&event).unwrap().unwrap().update.unwrap()
    }

    #[test]
    fn every_word_is_read_and_a_text_is_found_by_our_own_reference() {
        use DeliveryStatus::*;
        for (word, status) in [
            ("accepted", Some(Accepted)),
            ("processing", Some(Accepted)),
            ("sent", Some(Sent)),
            ("delivered", Some(Delivered)),
            ("delivery_failed", Some(Undelivered)),
            ("sending_failed", Some(Failed)),
            ("rejected", Some(Failed)),
            ("expired", Some(Expired)),
            ("teleported", None),
        ] {
            let report = verify(&event(word)).unwrap().unwrap();
            assert_eq!(
                (report.status(), report.word.as_ref()),
                (status, VendorCode::new(word).as_ref()),
                "{word}"
            );
            assert_eq!(report.about, Subject::Reference(MessageRef::new("0d9c1f6e-1")));
            assert_eq!(report.message_id.as_deref(), Some("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"));
        }
    }

    #[test]
    fn a_text_without_our_reference_is_found_by_birds_id_and_one_without_either_is_malformed() {
        let mut event = event("delivered");
        event["payload"]["reference"] = "".into();
        let by_id = Subject::MessageId("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee".into());
        assert_eq!(verify(&event).unwrap().unwrap().about, by_id);
        event["payload"]["id"] = Value::Null;
        assert_eq!(verify(&event), Err(CallbackError::Malformed));
    }

    #[test]
    fn what_is_about_none_of_our_texts_is_no_report() {
        for kind in ["sms.inbound", "whatsapp.outbound", "email.interaction"] {
            let mut event = event("delivered");
            event["event"] = kind.into();
            assert_eq!(verify(&event), Ok(None), "{kind}");
        }
        assert_eq!(verify(&json!({"payload": {}})), Err(CallbackError::Malformed));
        assert_eq!(verify(&json!({"event": "sms.outbound"})), Err(CallbackError::Malformed));
    }

    #[test]
    fn what_was_altered_is_refused_before_it_is_read() {
        let body = event("delivered").to_string();
        let good = sign(NOW, URL, &body);
        assert!(verify_signed(NOW, URL, &body, &good).is_ok());
        let wrong = Err(CallbackError::WrongSignature);
        assert_eq!(verify_signed(NOW, URL, &body.replace("delivered", "rejected"), &good), wrong, "body");
        assert_eq!(
            verify_signed(NOW, "https://relay.example.com/callbacks/other", &body, &good),
            wrong,
            "URL"
        );
        assert_eq!(verify_signed(NOW + 1, URL, &body, &good), wrong, "time");
        for signature in ["", "not base64", &good[4..]] {
            assert_eq!(verify_signed(NOW, URL, &body, signature), wrong, "{signature}");
        }
        assert_eq!(verify_signed(NOW, URL, "{broken", &good), wrong);
    }

    #[test]
    fn an_event_is_believed_for_as_long_as_bird_repeats_it() {
        let body = event("delivered").to_string();
        let verdict = |at| verify_signed(at, URL, &body, &sign(at, URL, &body)).map(|_| ());
        for at in [NOW, NOW - 8 * 3600, NOW + 300] {
            assert_eq!(verdict(at), Ok(()), "{at}");
        }
        for at in [NOW - 9 * 3600, NOW + 301] {
            assert_eq!(verdict(at), Err(CallbackError::Stale), "{at}");
        }
    }

    #[test]
    fn an_event_without_one_of_its_headers_is_unsigned() {
        for name in [SIGNATURE, TIMESTAMP] {
            let headers = [(name.to_owned(), "1".to_owned())];
            let raw = RawCallback { url: URL, headers: &headers, body: b"{}" };
            let verdict = BirdChannelsCallback::new("signing key".into()).verify(&raw, UNIX_EPOCH);
            assert_eq!(verdict, Err(CallbackError::Unsigned), "{name}");
        }
    }

    #[test]
    fn the_carriers_code_behind_a_failure_says_more_than_birds() {
        let sms = |code: &str| json!({"code": 15001, "source": {"name": "sms-messagebird", "code": code}});
        let expected: [(Value, Option<FailureKind>, Option<u64>); 10] = [
            (sms("0"), Some(Unavailable), Some(30)),
            (sms("34"), Some(Unavailable), Some(30)),
            (sms("27"), Some(Unavailable), Some(60)),
            (sms("1"), Some(BadRecipient), None),
            (sms("12"), Some(BadRecipient), None),
            (sms("4711"), Some(Unavailable), Some(30)),
            (json!({"code": 12003}), Some(Unreachable), Some(30)),
            (json!({"code": 15005}), Some(BadRecipient), None),
            (
                json!({"code": 14001, "source": {"name": "whatsapp", "code": "1"}}),
                Some(Misconfigured),
                Some(30),
            ),
            (Value::Null, None, Some(30)),
        ];
        for (failure, kind, life) in expected {
            let update = failed(&failure);
            assert_eq!(
                (update.kind, update.worth_resending().map(|life| life.as_secs())),
                (kind, life),
                "{failure}"
            );
        }
        assert_eq!(failed(&sms("27")).code, VendorCode::new("15001"), "what Bird's page explains");
    }
}
