//! What a vendor answers, in each of its APIs.

#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected should stop there")]

use bolero::check;
use neon_sms_relay_fuzz::{assert_says_nothing, spoilt};
use reqwest::StatusCode;
use sms_providers::client::VendorReply;
use sms_providers::messagebird::{BirdChannels, BirdV1, MessageBirdClassic};
use sms_providers::twilio::{Sender, TwilioProvider};
use sms_providers::vonage::{VonageMessages, VonageSms};
use sms_providers::{FailureKind, SendError, SendReceipt};

/// A reply that nobody understands is no success; what is understood is told in words of our own.
fn hold(
    seeds: &[&[u8]],
    read: impl Fn(&VendorReply) -> Result<SendReceipt, SendError> + Copy + std::panic::RefUnwindSafe,
) {
    check!().with_type::<(u16, Option<Vec<u8>>)>().for_each(|(status, recipe)| {
        let status = StatusCode::from_u16(200 + status % 400).unwrap();
        let body = recipe.as_ref().map(|recipe| spoilt(seeds, recipe));
        let reply = VendorReply { status, retry_after: None, body };
        match read(&reply) {
            Ok(receipt) => {
                assert!(status.is_success(), "{status} is a success");
                let id = receipt.message_id.as_deref().unwrap();
                let body = String::from_utf8_lossy(reply.body.as_deref().unwrap()).into_owned();
                assert!((1..=64).contains(&id.len()) && (body.contains(id) || body.contains('\\')), "{id}");
            }
            Err(error) => {
                assert_says_nothing(&format!("{error} {error:?} {:?}", error.code));
                match status.as_u16() {
                    429 => assert_eq!(error.kind, FailureKind::Throttled),
                    500.. => assert!(error.kind.may_have_sent(), "behind {status} it may be on its way"),
                    _ => {}
                }
            }
        }
    });
}

macro_rules! seeds {
    ($($file:literal),* $(,)?) => { &[$(include_bytes!(concat!("../../fixtures/", $file)) as &[u8]),*] };
}

#[test]
fn twilio_says() {
    let seeds = seeds!(
        "twilio/created_by_number.json",
        "twilio/created_by_messaging_service.json",
        "twilio/created_and_failed.json",
        "twilio/invalid_number.json",
        "twilio/opted_out.json",
        "twilio/bad_credentials.json",
        "twilio/too_many_requests.json",
        "twilio/unknown_code.json",
    );
    let sender = Sender::Number("+15005550006".to_owned());
    hold(seeds, |reply| TwilioProvider::verdict(reply, &sender));
}

#[test]
fn messagebirds_classic_api_says() {
    let seeds = seeds!(
        "messagebird/classic_accepted.json",
        "messagebird/classic_invalid_number.json",
        "messagebird/classic_no_balance.json",
        "messagebird/classic_unknown_code.json",
    );
    hold(seeds, MessageBirdClassic::verdict);
}

#[test]
fn birds_channels_say() {
    let seeds = seeds!(
        "messagebird/channels_accepted.json",
        "messagebird/channels_customer.json",
        "messagebird/channels_no_balance.json",
        "messagebird/channels_unknown_code.json",
    );
    hold(seeds, BirdChannels::verdict);
}

#[test]
fn birds_platform_says() {
    let seeds = seeds!(
        "messagebird/v1_accepted.json",
        "messagebird/v1_invalid_number.json",
        "messagebird/v1_opted_out.json",
        "messagebird/v1_unknown_code.json",
    );
    hold(seeds, BirdV1::verdict);
}

#[test]
fn vonages_sms_api_says() {
    let seeds = seeds!(
        "vonage/sms_accepted.json",
        "vonage/sms_partly_accepted.json",
        "vonage/sms_number_barred.json",
        "vonage/sms_throttled.json",
        "vonage/sms_unknown_status.json",
    );
    hold(seeds, VonageSms::verdict);
}

#[test]
fn vonages_messages_api_says() {
    let seeds = seeds!(
        "vonage/messages_accepted.json",
        "vonage/messages_invalid_number.json",
        "vonage/messages_opted_out.json",
        "vonage/messages_unknown_code.json",
    );
    hold(seeds, VonageMessages::verdict);
}
