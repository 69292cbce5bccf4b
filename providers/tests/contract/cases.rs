//! The cases. Each also checks the request on the wire, that there was only one, and that nothing of
//! the message or of the vendor's words is found in the verdict.

use crate::upstream::{Answer, Upstream};
use crate::vendor::{Vendor, message};
use sms_providers::FailureKind::{BadRecipient, Misconfigured, OptedOut, Throttled, Unavailable, Unknown};
use sms_providers::{FailureKind, SendError, SmsMessage};
use std::time::Duration;

async fn failure(vendor: &Vendor, upstream: Upstream) -> SendError {
    vendor.send(upstream).await.expect_err("a failure")
}

async fn fails(vendor: &Vendor, upstream: Upstream, kind: FailureKind) {
    assert_eq!(failure(vendor, upstream).await.kind, kind);
}

/// A reply with the status of a success and a body that is none.
async fn false_success(vendor: &Vendor, body: &'static str) {
    fails(vendor, Upstream::Reply(Answer { body, ..vendor.accepted }), Unknown).await;
}

pub async fn a_taken_message_brings_the_vendors_id(vendor: &Vendor) {
    let receipt = vendor.send(Upstream::Reply(vendor.accepted)).await.expect("accepted");
    assert_eq!(receipt.message_id.as_deref(), Some(vendor.accepted_id));
    assert_eq!(receipt.provider, vendor.name);
}

pub async fn a_taken_message_brings_the_segments_and_the_price_that_the_reply_says(vendor: &Vendor) {
    let receipt = vendor.send(Upstream::Reply(vendor.accepted)).await.expect("accepted");
    let price = receipt.price.map(|price| price.to_string());
    assert_eq!((receipt.segments, price.as_deref()), vendor.bill);
}

/// Most of what carriers refuse, they refuse for a sender that is none of their country's.
pub async fn a_text_comes_from_the_sender_of_its_country_and_elsewhere_from_the_general_one(vendor: &Vendor) {
    let (british, general) = vendor.senders;
    for (country, expected, other) in
        [(Some("GB"), british, general), (Some("DE"), general, british), (None, general, british)]
    {
        let country = country.map(|country| country.parse().expect("a country"));
        let request = vendor.request(SmsMessage { country, ..message() }).await;
        assert!(request.contains(expected) && !request.contains(other), "{country:?}: {request}");
    }
}

/// A resend is a text of its own: with the reference or the key of the first it would be taken for that.
pub async fn two_requests_about_one_text_differ_in_their_reference(vendor: &Vendor) {
    let (first, second) = (message().numbered(1), message().numbered(2));
    let (one, two) = (first.reference.clone(), second.reference.clone());
    let (first, second) = (vendor.request(first).await, vendor.request(second).await);
    assert!(first.contains(one.as_str()) && !first.contains(two.as_str()), "{first}");
    assert!(second.contains(two.as_str()) && !second.contains(one.as_str()), "{second}");
}

pub async fn a_bad_number_is_the_recipients_fault(vendor: &Vendor) {
    let error = failure(vendor, Upstream::Reply(vendor.bad_number)).await;
    assert_eq!(error.kind, BadRecipient);
    assert!(error.code.is_some(), "the vendor's code");
}

pub async fn an_opt_out_is_told_apart_from_a_bad_number(vendor: &Vendor) {
    if let Some(answer) = vendor.opted_out {
        fails(vendor, Upstream::Reply(answer), OptedOut).await;
    }
}

pub async fn bad_credentials_are_the_operators_to_mend(vendor: &Vendor) {
    let error = failure(vendor, Upstream::Reply(vendor.bad_credentials)).await;
    assert_eq!((error.kind, error.hint.is_some()), (Misconfigured, true));
}

pub async fn a_missing_balance_is_the_operators_to_mend(vendor: &Vendor) {
    let error = failure(vendor, Upstream::Reply(vendor.no_balance)).await;
    assert_eq!((error.kind, error.hint.is_some()), (Misconfigured, true));
}

pub async fn a_throttled_send_says_how_long_to_wait(vendor: &Vendor) {
    let answer = Answer { headers: "Retry-After: 7\r\n", ..vendor.throttled };
    let error = failure(vendor, Upstream::Reply(answer)).await;
    assert_eq!((error.kind, error.retry_after), (Throttled, Some(Duration::from_secs(7))));
}

/// Field 34: vendors put codes beside a 429 that mean something else, credentials and bad numbers among them.
pub async fn too_many_requests_are_throttling_whatever_the_body_says(vendor: &Vendor) {
    for answer in
        [Some(vendor.bad_number), Some(vendor.bad_credentials), Some(vendor.no_balance), vendor.opted_out]
    {
        let Some(answer) = answer else { continue };
        let answer = Answer { status: 429, headers: "Retry-After: 7\r\n", ..answer };
        let error = failure(vendor, Upstream::Reply(answer)).await;
        assert_eq!((error.kind, error.retry_after), (Throttled, Some(Duration::from_secs(7))));
        assert_eq!((error.http_status, error.hint), (Some(429), None));
    }
}

pub async fn a_server_error_may_have_sent_whatever_the_body_says(vendor: &Vendor) {
    fails(vendor, Upstream::Reply(Answer { status: 503, ..vendor.bad_number }), Unknown).await;
}

pub async fn a_code_nobody_knows_has_the_kind_the_vendor_is_given(vendor: &Vendor) {
    let (answer, kind) = vendor.unknown_code;
    fails(vendor, Upstream::Reply(answer), kind).await;
}

pub async fn an_internal_error_may_have_sent(vendor: &Vendor) {
    fails(vendor, Upstream::Reply(vendor.internal_error), Unknown).await;
}

pub async fn an_overload_may_have_sent(vendor: &Vendor) {
    fails(vendor, Upstream::Reply(vendor.unavailable), Unknown).await;
}

pub async fn an_error_page_may_have_sent(vendor: &Vendor) {
    let page = Answer::new(502, "<html><body>Bad gateway: +15551234567</body></html>");
    fails(vendor, Upstream::Reply(page), Unknown).await;
}

pub async fn a_refused_connection_has_sent_nothing(vendor: &Vendor) {
    fails(vendor, Upstream::Refused, Unavailable).await;
}

pub async fn a_failed_tls_handshake_has_sent_nothing(vendor: &Vendor) {
    fails(vendor, Upstream::NoTls, Unavailable).await;
}

pub async fn a_reset_after_the_request_may_have_sent(vendor: &Vendor) {
    fails(vendor, Upstream::Reset, Unknown).await;
}

pub async fn a_silent_vendor_may_have_sent(vendor: &Vendor) {
    fails(vendor, Upstream::Silent, Unknown).await;
}

pub async fn a_success_that_drips_in_too_slowly_may_have_sent(vendor: &Vendor) {
    fails(vendor, Upstream::Drip(vendor.accepted), Unknown).await;
}

pub async fn a_success_that_breaks_off_may_have_sent(vendor: &Vendor) {
    fails(vendor, Upstream::BreakOff(vendor.accepted), Unknown).await;
}

pub async fn a_success_of_ten_megabytes_may_have_sent(vendor: &Vendor) {
    fails(vendor, Upstream::TenMegabytes(vendor.accepted), Unknown).await;
}

pub async fn a_success_without_a_body_may_have_sent(vendor: &Vendor) {
    false_success(vendor, "").await;
}

pub async fn a_success_in_html_may_have_sent(vendor: &Vendor) {
    false_success(vendor, "<html><body>Welcome to the hotel's Wi-Fi</body></html>").await;
}

pub async fn a_success_in_half_a_json_may_have_sent(vendor: &Vendor) {
    false_success(vendor, &vendor.accepted.body[..vendor.accepted.body.len() / 2]).await;
}

pub async fn a_success_with_an_empty_list_of_errors_may_have_sent(vendor: &Vendor) {
    false_success(vendor, r#"{"errors":[]}"#).await;
}

pub async fn a_refusal_with_an_empty_list_of_errors_is_a_refusal(vendor: &Vendor) {
    fails(vendor, Upstream::Reply(Answer::new(422, r#"{"errors":[]}"#)), Misconfigured).await;
}

pub async fn a_redirect_is_neither_followed_nor_a_success(vendor: &Vendor) {
    for status in [301, 302, 303, 307, 308] {
        let answer = Answer { status, headers: "Location: /elsewhere\r\n", ..vendor.accepted };
        fails(vendor, Upstream::Reply(answer), Unknown).await;
    }
}
