//! What comes to the addresses of status callbacks, signed by each vendor and spoilt on its way, or by nobody.

#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected should stop there")]

use bolero::check;
use neon_sms_relay_fuzz::signers::{self, Signed};
use neon_sms_relay_fuzz::{SECRET, assert_says_nothing, flipped, spoilt};
use sms_providers::messagebird::{BirdChannelsCallback, BirdV1Callback, MessageBirdCallback, WebhookSecret};
use sms_providers::twilio::TwilioCallback;
use sms_providers::vonage::{Signature, SignatureMethod, VonageMessagesCallback, VonageSmsCallback};
use sms_providers::{CallbackError, RawCallback, Report, StatusCallback};
use std::collections::BTreeMap;
use std::panic::RefUnwindSafe;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const NOW: u64 = 1_771_848_000;
const URL: &str =
    "https://relay.example.com/callbacks/vendor/0d9c-1?id=a&status=delivered&recipient=15551234567";

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

fn hear(verifier: &dyn StatusCallback, signed: &Signed) -> Result<Option<Report>, CallbackError> {
    let raw = RawCallback { url: &signed.url, headers: &signed.headers, body: &signed.body };
    let heard = verifier.verify(&raw, now());
    match &heard {
        // The ids are the vendor's and ours; all else is told in words.
        Ok(report) => {
            let told = report.as_ref().map(|report| (&report.word, &report.update));
            assert_says_nothing(&format!("{told:?}"));
        }
        Err(error) => assert_says_nothing(&format!("{error} {error:?}")),
    }
    heard
}

/// Whatever is signed is heard or understood to be nothing of ours, and what was signed cannot be made to say
/// something else.
fn hold(
    verifier: impl StatusCallback + RefUnwindSafe,
    seeds: &[&[u8]],
    sign: impl Fn(Vec<u8>) -> Signed + RefUnwindSafe,
) {
    hold_to(|heard, report| assert_eq!(heard, report, "it says something else"), verifier, seeds, sign);
}

/// The same where a signature promises less of what was spoilt.
fn hold_to(
    promise: impl Fn(&Report, &Report) + RefUnwindSafe,
    verifier: impl StatusCallback + RefUnwindSafe,
    seeds: &[&[u8]],
    sign: impl Fn(Vec<u8>) -> Signed + RefUnwindSafe,
) {
    let original = sign(seeds[0].to_vec());
    let report = hear(&verifier, &original).unwrap().unwrap();
    assert!(report.status().is_some(), "the first seed says something");
    check!().with_type::<(u8, Vec<u8>, u16)>().for_each(|(part, recipe, bit)| {
        // Signed as it is: refused only for what it says.
        let signed = sign(spoilt(seeds, recipe));
        let heard = hear(&verifier, &signed);
        assert!(!matches!(heard, Err(CallbackError::Unsigned | CallbackError::WrongSignature)), "{heard:?}");

        // Spoilt after it was signed, or not signed at all.
        let mut other = original.clone();
        let parts = other.headers.len() + 2;
        match usize::from(*part) % parts {
            0 => other.body = spoilt(&[&original.body], recipe),
            1 => {
                other.url = String::from_utf8_lossy(&spoilt(&[original.url.as_bytes()], recipe)).into_owned()
            }
            header => {
                let value = &mut other.headers[header - 2].1;
                *value =
                    String::from_utf8_lossy(&spoilt(&[&value.clone().into_bytes()], recipe)).into_owned();
            }
        }
        if let Ok(Some(heard)) = hear(&verifier, &other) {
            promise(&heard, &report);
        }
        let body = flipped(&original.body, usize::from(*bit));
        if let Ok(Some(heard)) = hear(&verifier, &Signed { body, ..original.clone() }) {
            promise(&heard, &report);
        }
        let stranger = Signed { headers: Vec::new(), body: spoilt(seeds, recipe), ..original.clone() };
        assert!(hear(&verifier, &stranger).is_err(), "nobody has signed it");
    });
}

/// A form, as names and values between null bytes, so that it can be spoilt before it is signed.
fn fields(bytes: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    // More are refused unread, which is another promise.
    pairs.take(50).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn of_twilio() {
    let seeds: &[&[u8]] = &[
        b"MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30003&To=+15551234567",
        b"SmsSid=SM1&SmsStatus=delivered&From=+15005550006",
    ];
    // Twilio signs names and values in a row and not where one ends: `ErrorCode3=0003` has the signature of
    // `ErrorCode=30003`. So a report can be made to say less, and still no failure a success.
    let promise = |heard: &Report, report: &Report| {
        assert!(heard.status().is_none_or(|status| Some(status) == report.status()), "{heard:?}");
    };
    hold_to(promise, TwilioCallback::new(SECRET.into()), seeds, |body| {
        signers::twilio(SECRET, "https://relay.example.com/callbacks/twilio/0d9c-1", &fields(&body))
    });
}

#[test]
fn of_messagebirds_classic_api() {
    let seeds: &[&[u8]] = &[b"id=a&status=delivery_failed&statusErrorCode=27&recipient=15551234567&price[amount]=0.05&price[currency]=EUR"];
    hold(MessageBirdCallback::new(&SECRET.into()), seeds, |query| {
        let url = format!(
            "https://relay.example.com/callbacks/messagebird/0d9c-1?{}",
            String::from_utf8_lossy(&query)
        );
        signers::messagebird(SECRET, &url, NOW)
    });
}

#[test]
fn of_birds_channels() {
    let seeds: &[&[u8]] = &[
        br#"{"service":"channels","event":"sms.outbound","payload":{"id":"m1","reference":"0d9c-1","status":"delivery_failed","reason":"6001","failure":{"code":5,"description":"x"},"receiver":{"contacts":[{"identifierValue":"+15551234567"}]}}}"#,
        br#"{"event":"sms.inbound","payload":{}}"#,
    ];
    hold(BirdChannelsCallback::new(SECRET.into()), seeds, |body| {
        signers::bird_channels(SECRET, URL, NOW, &body)
    });
}

#[test]
fn of_birds_platform() {
    let seeds: &[&[u8]] = &[
        br#"{"type":"sms.failed","data":{"sms_id":"sms_1","to":"+15551234567","metadata":{"ref":"0d9c-1"},"error":{"code":"carrier_rejected"},"segments":{"count":1},"cost":{"amount":"0.05","currency_code":"USD"}}}"#,
        br#"{"type":"sms.received","data":{}}"#,
    ];
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let key = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, &secret[6..]).unwrap();
    let verifier = BirdV1Callback::new(WebhookSecret::new(secret.into()).unwrap());
    hold(verifier, seeds, |body| signers::bird_v1(&key, URL, NOW, &body));
}

#[test]
fn of_vonages_sms_api() {
    let seeds: &[&[u8]] =
        &[b"messageId=0A01&client-ref=0d9c-1&msisdn=15551234567&status=failed&err-code=6&price=0.05"];
    let signature = Signature { secret: SECRET.into(), method: SignatureMethod::Sha256 };
    hold(VonageSmsCallback::new(signature), seeds, |body| {
        let mut fields = fields(&body);
        fields.remove("sig");
        fields.insert("timestamp".to_owned(), NOW.to_string());
        signers::vonage_sms(SECRET, "https://relay.example.com/callbacks/vonage/0d9c-1", &fields)
    });
}

#[test]
fn of_vonages_messages_api() {
    let seeds: &[&[u8]] = &[
        br#"{"message_uuid":"aaaa","to":"15551234567","client_ref":"0d9c-1","status":"rejected","error":{"type":"https://developer.vonage.com/api-errors/messages#1240","title":"1240"},"sms":{"count_total":"1"},"usage":{"currency":"EUR","price":"0.05"}}"#,
    ];
    hold(VonageMessagesCallback::new(&SECRET.into()), seeds, |body| {
        signers::vonage_messages(SECRET, URL, NOW, &body)
    });
}
