//! Events of Bird's platform v1, which come to one address for the whole workspace.
//!
//! <https://bird.com/en-us/docs/guides/webhooks>; the shapes are those of Bird's own SDKs. An event carries back
//! the `metadata` of its message, and so our reference.

use super::V1_CODES;
use super::standard_webhook::WebhookSecret;
use crate::client::scalar;
use crate::{
    CallbackError, DeliveryStatus, Price, RawCallback, Report, StatusCallback, StatusUpdate, Subject,
};
use serde_json::Value;
use std::time::SystemTime;

/// Verifies events with the secret of the workspace's webhook.
pub struct BirdV1Callback {
    secret: WebhookSecret,
}

impl BirdV1Callback {
    /// A verifier for the webhook of this secret.
    pub fn new(secret: WebhookSecret) -> Self {
        Self { secret }
    }
}

impl StatusCallback for BirdV1Callback {
    fn verify(&self, raw: &RawCallback<'_>, now: SystemTime) -> Result<Option<Report>, CallbackError> {
        self.secret.verify(raw, now)?;
        let event: Value = serde_json::from_slice(raw.body).map_err(|_| CallbackError::Malformed)?;
        let kind = event["type"].as_str().ok_or(CallbackError::Malformed)?;
        // The workspace may have e-mail and whatever else, and texts that come in.
        let Some(word) = kind.strip_prefix("sms.").filter(|word| *word != "received") else {
            return Ok(None);
        };
        let data = &event["data"];
        let message_id = scalar(&data["sms_id"]);
        let about = Subject::of(data["metadata"]["ref"].as_str(), message_id.as_deref());
        let known = match word {
            "accepted" => Some(DeliveryStatus::Accepted),
            // Bird goes on trying, so `undelivered` ends nothing.
            "sent" | "undelivered" => Some(DeliveryStatus::Sent),
            "delivered" => Some(DeliveryStatus::Delivered),
            "failed" => Some(DeliveryStatus::Undelivered),
            "rejected" | "canceled" => Some(DeliveryStatus::Failed),
            "expired" => Some(DeliveryStatus::Expired),
            // Whatever Bird invents next.
            _ => None,
        };
        let code = scalar(&data["error"]["code"]).or_else(|| scalar(&data["last_error"]["code"]));
        let segments = scalar(&data["segments"]["count"]);
        let update = known.map(|status| {
            let update = StatusUpdate::new(status).with_code(code.as_deref(), &V1_CODES);
            update.with_bill(segments.as_deref(), cost(data))
        });
        let report = Report::new(about.ok_or(CallbackError::Malformed)?, word, update);
        Ok(Some(report.with_message_id(message_id.as_deref())))
    }
}

/// What a message costs, once Bird knows.
pub(super) fn cost(message: &Value) -> Option<Price> {
    let cost = &message["cost"];
    Price::parse(&scalar(&cost["amount"])?, cost["currency_code"].as_str()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FailureKind::{self, BadRecipient, OptedOut, Unavailable, Unreachable};
    use crate::{MessageRef, VendorCode};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use hmac::{Hmac, KeyInit, Mac};
    use serde_json::json;
    use std::time::{Duration, UNIX_EPOCH};

    const NOW: u64 = 1_790_000_000;

    /// Signs as the specification says, written apart from the code under test.
    fn sign(body: &str) -> String {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"key of a webhook").unwrap();
        mac.update(format!("msg_1.{NOW}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }

    fn verify_signed(body: &str, signature: &str) -> Result<Option<Report>, CallbackError> {
        let headers = [
            ("webhook-id", "msg_1"),
            ("webhook-timestamp", &NOW.to_string()),
            ("webhook-signature", signature),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let url = "https://relay.example.com/callbacks/messagebird";
        let raw = RawCallback { url, headers: &headers, body: body.as_bytes() };
        let secret = format!("whsec_{}", STANDARD.encode("key of a webhook"));
        let callback = BirdV1Callback::new(WebhookSecret::new(secret.into()).unwrap());
        callback.verify(&raw, UNIX_EPOCH + Duration::from_secs(NOW))
    }

    fn verify(event: &Value) -> Result<Option<Report>, CallbackError> {
        let body = event.to_string();
        verify_signed(&body, &sign(&body))
    }

    fn event(kind: &str) -> Value {
        json!({
            "type": kind,
            "timestamp": "2026-09-28T12:00:00Z",
            "data": {
                "sms_id": "sms_01test", "workspace_id": "ws_01test", "to": "+15551234567", "from": "Acme",
                "tags": null, "metadata": {"ref": "0d9c1f6e-1"},
            },
        })
    }

    fn failed(kind: &str, code: &str) -> StatusUpdate {
        let mut event = event(kind);
        event["data"]["error"] = json!({"code": code, "message": "said to +15551234567"});
        verify(&event).unwrap().unwrap().update.unwrap()
    }

    #[test]
    fn every_word_is_read_and_a_text_is_found_by_our_own_reference() {
        use DeliveryStatus::*;
        for (word, status) in [
            ("accepted", Some(Accepted)),
            ("sent", Some(Sent)),
            ("undelivered", Some(Sent)),
            ("delivered", Some(Delivered)),
            ("failed", Some(Undelivered)),
            ("rejected", Some(Failed)),
            ("canceled", Some(Failed)),
            ("expired", Some(Expired)),
            ("teleported", None),
        ] {
            let report = verify(&event(&format!("sms.{word}"))).unwrap().unwrap();
            assert_eq!(
                (report.status(), report.word.as_ref()),
                (status, VendorCode::new(word).as_ref()),
                "{word}"
            );
            assert_eq!(report.about, Subject::Reference(MessageRef::new("0d9c1f6e-1")));
            assert_eq!(report.message_id.as_deref(), Some("sms_01test"));
        }
    }

    #[test]
    fn a_text_without_our_reference_is_found_by_birds_id_and_one_without_either_is_malformed() {
        let mut event = event("sms.delivered");
        event["data"]["metadata"] = Value::Null;
        let by_id = Subject::MessageId("sms_01test".into());
        assert_eq!(verify(&event).unwrap().unwrap().about, by_id);
        event["data"]["sms_id"] = Value::Null;
        assert_eq!(verify(&event), Err(CallbackError::Malformed));
    }

    #[test]
    fn what_is_about_none_of_our_texts_is_no_report() {
        for kind in ["sms.received", "email.delivered", "whatsapp.sent", "contact.updated"] {
            assert_eq!(verify(&event(kind)), Ok(None), "{kind}");
        }
        assert_eq!(verify(&json!({"data": {}})), Err(CallbackError::Malformed));
        assert_eq!(verify_signed("{broken", &sign("{broken")), Err(CallbackError::Malformed));
    }

    #[test]
    fn what_was_altered_is_refused_before_it_is_read() {
        let body = event("sms.delivered").to_string();
        let altered = body.replace("delivered", "failed");
        assert_eq!(verify_signed(&altered, &sign(&body)), Err(CallbackError::WrongSignature));
        assert_eq!(verify_signed("{broken", &sign(&body)), Err(CallbackError::WrongSignature));
    }

    #[test]
    fn a_failure_is_worth_another_text_unless_the_number_or_its_owner_is_the_cause() {
        let expected: [(FailureKind, &str, Option<u64>); 4] = [
            (Unreachable, "sender_unregistered content_rejected blocked_by_carrier", Some(30)),
            (Unavailable, "provider_unavailable unreachable unknown", Some(30)),
            (BadRecipient, "invalid_destination landline_unreachable", None),
            (OptedOut, "recipient_opted_out blocked_by_recipient", None),
        ];
        for (kind, codes, life) in expected {
            for code in codes.split(' ') {
                for event in ["sms.failed", "sms.rejected"] {
                    let update = failed(event, code);
                    assert_eq!(update.kind, Some(kind), "{code}");
                    assert_eq!(update.worth_resending().map(|life| life.as_secs()), life, "{event} {code}");
                }
                assert_eq!(failed("sms.undelivered", code).worth_resending(), None, "{code}");
                assert_eq!(failed("sms.expired", code).worth_resending(), None, "{code}");
            }
        }
        assert!(failed("sms.failed", "insufficient_balance").worth_resending().is_some());
        assert!(failed("sms.failed", "news_of_tomorrow").worth_resending().is_some());
    }

    #[test]
    fn the_cost_is_kept_exactly_once_it_is_known() {
        let mut event = event("sms.delivered");
        event["data"]["cost"] =
            json!({"amount": "0.0455", "currency_code": "USD", "transaction_amount": "0.04"});
        event["data"]["segments"] = json!({"count": 2});
        let update = verify(&event).unwrap().unwrap().update.unwrap();
        assert_eq!((update.price, update.segments), (Price::from_micros(45_500, "USD"), Some(2)));
        event["data"]["cost"] = Value::Null;
        assert_eq!(verify(&event).unwrap().unwrap().update.unwrap().price, None);
    }
}
