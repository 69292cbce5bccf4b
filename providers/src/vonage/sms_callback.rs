//! Delivery receipts of the SMS API, by GET, form or JSON: signed with `sig` like requests.
//!
//! <https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts>. Vonage signs receipts only
//! after its support has switched that on for the account; unsigned ones are not believed.

use super::Signature;
use crate::client::scalar;
use crate::{CallbackError, DeliveryStatus, RawCallback, StatusCallback, StatusUpdate, VendorCode};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use url::form_urlencoded;

/// How old a receipt's signature may be.
const TOLERANCE: Duration = Duration::from_secs(300);

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
    fn verify(&self, raw: &RawCallback<'_>, now: SystemTime) -> Result<Option<StatusUpdate>, CallbackError> {
        let mut fields = fields(raw)?;
        let sig = fields.remove("sig").ok_or(CallbackError::Unsigned)?;
        let parameters: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        if !self.signature.verify(&parameters, &sig) {
            return Err(CallbackError::WrongSignature);
        }
        let seconds = fields.get("timestamp").and_then(|seconds| seconds.parse().ok());
        let signed_at = seconds.and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
        let signed_at = signed_at.ok_or(CallbackError::Malformed)?;
        let age = now.duration_since(signed_at).unwrap_or_else(|early| early.duration());
        if age > TOLERANCE {
            return Err(CallbackError::Stale);
        }
        let word = fields.get("status").ok_or(CallbackError::Malformed)?;
        let status = match word.as_str() {
            "accepted" => DeliveryStatus::Accepted,
            "buffered" => DeliveryStatus::Sent,
            "delivered" => DeliveryStatus::Delivered,
            "expired" | "failed" | "rejected" => DeliveryStatus::Failed,
            // `unknown`, and whatever Vonage invents next.
            _ => return Ok(None),
        };
        let code = fields.get("err-code").filter(|code| *code != "0").and_then(VendorCode::new);
        Ok(Some(StatusUpdate { status, code }))
    }
}

/// The fields of the query and of the body, whichever form the account's settings chose.
fn fields(raw: &RawCallback<'_>) -> Result<BTreeMap<String, String>, CallbackError> {
    let mut fields: BTreeMap<String, String> = raw.url.query_pairs().into_owned().collect();
    if raw.body.first() == Some(&b'{') {
        let body: Map<String, Value> =
            serde_json::from_slice(raw.body).map_err(|_| CallbackError::Malformed)?;
        fields.extend(body.into_iter().filter_map(|(name, value)| Some((name, scalar(&value)?))));
    } else {
        fields.extend(form_urlencoded::parse(raw.body).into_owned());
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::super::SignatureMethod;
    use super::*;
    use url::Url;

    const NOW: u64 = 1_700_000_000;

    fn callback() -> VonageSmsCallback {
        VonageSmsCallback::new(Signature { secret: "secret".into(), method: SignatureMethod::Sha256 })
    }

    /// Signed fields of a receipt; `more` come on top.
    fn receipt(at: u64, status: &str) -> Vec<(String, String)> {
        let at = at.to_string();
        let fields = [
            ("messageId", "0A01"),
            ("msisdn", "15551234567"),
            ("status", status),
            ("err-code", "6"),
            ("timestamp", &at),
            ("nonce", "n"),
        ];
        let sig = callback().signature.sign(&fields);
        let fields = fields.into_iter().chain([("sig", sig.as_str())]);
        fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn verify(query: &str, body: &[u8]) -> Result<Option<StatusUpdate>, CallbackError> {
        let mut url: Url = "https://relay.example.com/callbacks/vonage/ref".parse().unwrap();
        url.set_query((!query.is_empty()).then_some(query));
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
            let update = update.unwrap().unwrap();
            assert_eq!((update.status, update.code.unwrap().as_str()), (DeliveryStatus::Failed, "6"));
        }
    }

    #[test]
    fn an_unsigned_changed_or_old_receipt_is_refused() {
        let good = receipt(NOW, "delivered");
        assert_eq!(verify("", form(&good[..6]).as_bytes()), Err(CallbackError::Unsigned));
        let mut changed = good.clone();
        changed[2].1 = "failed".into();
        assert_eq!(verify("", form(&changed).as_bytes()), Err(CallbackError::WrongSignature));
        let with_extra = format!("{}&extra=1", form(&good));
        assert_eq!(verify("", with_extra.as_bytes()), Err(CallbackError::WrongSignature));
        for at in [NOW - 301, NOW + 301] {
            assert_eq!(verify("", form(&receipt(at, "delivered")).as_bytes()), Err(CallbackError::Stale));
        }
        assert_eq!(verify("", b"{broken"), Err(CallbackError::Malformed));
    }

    #[test]
    fn a_word_nobody_knows_is_no_news() {
        assert_eq!(verify("", form(&receipt(NOW, "unknown")).as_bytes()), Ok(None));
    }
}
