//! Delivery receipts of the SMS API, by GET, form or JSON: signed with `sig` like requests.
//!
//! <https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts>. Vonage signs receipts only
//! after its support has switched that on for the account; unsigned ones are not believed.

use super::{SMS_REPORT_CODES, Signature, is_fresh};
use crate::client::scalar;
use crate::form;
use crate::{
    CallbackError, DeliveryStatus, MessageRef, RawCallback, Report, StatusCallback, StatusUpdate, Subject,
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::SystemTime;

/// Verifies receipts with the account's signature secret.
pub struct VonageSmsCallback {
    signature: Signature,
}

impl VonageSmsCallback {
    /// A verifier for the account of this secret.
    pub fn new(signature: Signature) -> Self {
        Self { signature }
    }
}

impl StatusCallback for VonageSmsCallback {
    fn verify(&self, raw: &RawCallback<'_>, now: SystemTime) -> Result<Option<Report>, CallbackError> {
        if !is_signed(raw) {
            return Err(CallbackError::Unsigned);
        }
        let mut fields = fields(raw)?;
        let sig = fields.remove("sig").ok_or(CallbackError::Unsigned)?;
        let parameters: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        if !self.signature.verify(&parameters, &sig) {
            return Err(CallbackError::WrongSignature);
        }
        let signed_at = fields.get("timestamp").and_then(|seconds| seconds.parse().ok());
        is_fresh(signed_at.ok_or(CallbackError::Malformed)?, now)?;
        // The signature does not cover the address, so a receipt says itself which text it is about.
        let reference = fields.get("client-ref").and_then(|reference| MessageRef::from_wire(reference));
        let about = Subject::Reference(reference.ok_or(CallbackError::Foreign)?);
        let word = fields.get("status").ok_or(CallbackError::Malformed)?;
        let known = match word.as_str() {
            "accepted" => Some(DeliveryStatus::Accepted),
            "buffered" => Some(DeliveryStatus::Sent),
            "delivered" => Some(DeliveryStatus::Delivered),
            "failed" => Some(DeliveryStatus::Undelivered),
            "rejected" => Some(DeliveryStatus::Failed),
            "expired" => Some(DeliveryStatus::Expired),
            // `unknown`, and whatever Vonage invents next.
            _ => None,
        };
        let code = fields.get("err-code").map(String::as_str).filter(|code| *code != "0");
        // Its price is that of one segment; what the whole text costs was in the reply to the send.
        let update = known.map(|status| StatusUpdate::new(status).with_code(code, &SMS_REPORT_CODES));
        let message_id = fields.get("messageId").map(String::as_str);
        Ok(Some(Report::new(about, word, update).with_message_id(message_id)))
    }
}

fn is_json(body: &[u8]) -> bool {
    body.first() == Some(&b'{')
}

/// Whether there is a signature at all, found before anything is taken apart.
fn is_signed(raw: &RawCallback<'_>) -> bool {
    const NAME: &[u8] = br#""sig""#;
    let in_body = match is_json(raw.body) {
        true => raw.body.windows(NAME.len()).any(|bytes| bytes == NAME),
        false => form::has(raw.body, "sig"),
    };
    in_body || form::has(raw.query().as_bytes(), "sig")
}

/// The fields of the query and of the body, whichever form the account's settings chose.
fn fields(raw: &RawCallback<'_>) -> Result<BTreeMap<String, String>, CallbackError> {
    let mut fields: BTreeMap<String, String> = form::fields(raw.query().as_bytes())?.collect();
    if is_json(raw.body) {
        let body: Map<String, Value> =
            serde_json::from_slice(raw.body).map_err(|_| CallbackError::Malformed)?;
        fields.extend(body.into_iter().filter_map(|(name, value)| Some((name, scalar(&value)?))));
    } else {
        fields.extend(form::fields(raw.body)?);
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::super::SignatureMethod;
    use super::super::signature::tests::PUBLISHED;
    use super::*;
    use crate::{FailureKind, VendorCode};
    use std::time::{Duration, UNIX_EPOCH};
    use url::form_urlencoded;

    const NOW: u64 = 1_700_000_000;

    fn callback() -> VonageSmsCallback {
        VonageSmsCallback::new(Signature { secret: "secret".into(), method: SignatureMethod::Sha256 })
    }

    /// Signed fields of a receipt.
    fn receipt(at: u64, status: &str) -> Vec<(String, String)> {
        let at = at.to_string();
        sign(&[
            ("messageId", "0A01"),
            ("client-ref", "ref"),
            ("msisdn", "15551234567"),
            ("status", status),
            ("err-code", "6"),
            ("timestamp", &at),
            ("nonce", "n"),
        ])
    }

    fn sign(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        let sig = callback().signature.sign(fields);
        let fields = fields.iter().copied().chain([("sig", sig.as_str())]);
        fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn verify(query: &str, body: &[u8]) -> Result<Option<Report>, CallbackError> {
        let url = format!("https://relay.example.com/callbacks/vonage/ref?{query}");
        callback()
            .verify(&RawCallback { url: &url, headers: &[], body }, UNIX_EPOCH + Duration::from_secs(NOW))
    }

    fn form(fields: &[(String, String)]) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
    }

    #[test]
    fn a_signed_receipt_is_believed_by_get_form_and_json() {
        let fields = receipt(NOW - 10, "failed");
        let json: Map<_, _> =
            fields.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        let json = Value::Object(json).to_string();
        let form = form(&fields);
        for update in [verify(&form, b""), verify("", form.as_bytes()), verify("", json.as_bytes())] {
            let report = update.unwrap().unwrap();
            assert_eq!(report.about, Subject::Reference(MessageRef::new("ref")));
            assert_eq!(report.message_id.as_deref(), Some("0A01"));
            let update = report.update.unwrap();
            assert_eq!((update.status, update.code.unwrap().as_str()), (DeliveryStatus::Undelivered, "6"));
            assert_eq!((update.kind, update.hint.is_some()), (Some(FailureKind::Unreachable), true));
        }
    }

    #[test]
    fn a_receipt_that_does_not_say_which_text_it_is_about_is_refused() {
        let (now, anybodys) = (NOW.to_string(), "delivered");
        let fields = sign(&[("messageId", "0A01"), ("status", anybodys), ("timestamp", &now)]);
        assert_eq!(verify("", form(&fields).as_bytes()), Err(CallbackError::Foreign));
    }

    #[test]
    fn a_receipt_that_vonage_repeats_after_hours_is_taken() {
        let late = receipt(NOW - 23 * 3600, "delivered");
        assert!(verify("", form(&late).as_bytes()).is_ok());
    }

    /// The receipt of Vonage's Node library, see `signature.rs`. It names none of our texts, so where the signature
    /// holds it is foreign.
    #[test]
    fn the_published_receipt_is_believed_by_each_method_and_tampered_with_it_is_not() {
        const SIGNED: &str = "message-timestamp=2013-11-21+15%3A27%3A30&messageId=020000001B0FE827&msisdn=14843472194&text=Test+again&timestamp=1385047698&to=13239877404&type=text";
        let verdict = |method, later: u64, form: &str, sig: &str| {
            let signature = Signature { secret: "my_secret_key_for_testing".into(), method };
            let body = format!("{form}&sig={sig}");
            let raw = RawCallback { url: "https://relay.example.com/", headers: &[], body: body.as_bytes() };
            let now = UNIX_EPOCH + Duration::from_secs(1_385_047_698 + later);
            VonageSmsCallback::new(signature).verify(&raw, now).unwrap_err()
        };
        for (method, sig) in PUBLISHED {
            assert_eq!(verdict(method, 0, SIGNED, sig), CallbackError::Foreign, "{method:?}");
            assert_eq!(verdict(method, 25 * 3600, SIGNED, sig), CallbackError::Stale, "{method:?}");
            for (from, to) in [
                ("Test+again", "Test+now"),
                ("1385047698", "1385047699"),
                ("msisdn=1", "msisdn=2"),
                ("&to", "&t0"),
            ] {
                let tampered = SIGNED.replace(from, to);
                assert_eq!(
                    verdict(method, 0, &tampered, sig),
                    CallbackError::WrongSignature,
                    "{method:?} {to}"
                );
            }
            assert_eq!(verdict(method, 0, SIGNED, &sig[1..]), CallbackError::WrongSignature, "{method:?}");
        }
    }

    #[test]
    fn thousands_of_fields_are_refused_unread() {
        let many = "a=1&".repeat(7_000);
        assert_eq!(verify("", many.as_bytes()), Err(CallbackError::Unsigned));
        assert_eq!(verify("", format!("{many}sig=0").as_bytes()), Err(CallbackError::TooManyFields));
        assert_eq!(verify(&format!("{many}sig=0"), b""), Err(CallbackError::TooManyFields));
    }

    #[test]
    fn an_unsigned_changed_or_old_receipt_is_refused() {
        let good = receipt(NOW, "delivered");
        assert_eq!(verify("", form(&good[..7]).as_bytes()), Err(CallbackError::Unsigned));
        let mut changed = good.clone();
        changed[3].1 = "failed".into();
        assert_eq!(verify("", form(&changed).as_bytes()), Err(CallbackError::WrongSignature));
        let with_extra = format!("{}&extra=1", form(&good));
        assert_eq!(verify("", with_extra.as_bytes()), Err(CallbackError::WrongSignature));
        for at in [NOW - 25 * 3600, NOW + 301] {
            assert_eq!(verify("", form(&receipt(at, "delivered")).as_bytes()), Err(CallbackError::Stale));
        }
        assert_eq!(verify("", b"{broken"), Err(CallbackError::Unsigned));
        assert_eq!(verify("", br#"{"sig" broken"#), Err(CallbackError::Malformed));
    }

    #[test]
    fn a_word_nobody_knows_is_kept_and_changes_nothing() {
        let report = verify("", form(&receipt(NOW, "unknown")).as_bytes()).unwrap().unwrap();
        assert_eq!((report.word, report.update), (VendorCode::new("unknown"), None));
    }
}
