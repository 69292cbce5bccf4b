//! A text that does not arrive is made good while that helps, and a user's success is known.

use crate::harness::{CODE, NUMBER, Start, TestRelay, manual_clock, otp};
use crate::second_vendor::{Vendors, otp_to, verified};
use crate::twilio::Twilio;
use neon_sms_relay::app::Parts;
use neon_sms_relay::store::memory::MemoryStore;
use neon_sms_relay::store::texts::{Delivery, Query, TextLog};
use serde_json::json;
use sms_providers::{FailureKind, SendError};
use std::sync::Arc;
use std::time::Duration;

/// A transient failure, by Twilio's code.
const UNREACHABLE: Option<&str> = Some("30003");

async fn sent(vendors: &Vendors, vars: &[(&'static str, &str)]) -> TestRelay {
    let relay = vendors.relay(vars, Parts::default()).await;
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200);
    relay
}

/// Shows that nothing was sent again, by something that is sent afterwards.
async fn assert_only_one_was_sent(vendors: &Vendors, relay: &TestRelay) {
    assert_eq!(relay.deliver(&otp_to("+15550000002")).await.status, 200);
    vendors.reports(relay, 1, "undelivered", UNREACHABLE).await;
    vendors.second.wait_for_sends(1).await;
    assert_eq!(vendors.second.sent()[0].to.as_e164(), "+15550000002");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_failed_is_sent_again_by_the_next_provider_once() {
    let vendors = Vendors::new().await;
    let relay = sent(&vendors, &[]).await;
    for _ in 0..3 {
        vendors.reports(&relay, 0, "failed", UNREACHABLE).await;
    }
    vendors.second.wait_for_sends(1).await;
    let (first, second) = (&vendors.first.sent()[0], &vendors.second.sent()[0]);
    assert!(second.body.expose().contains(CODE));
    assert_eq!(second.reference.as_str(), first.reference.as_str().replace("-1", "-2"));
    assert_ne!(second.idempotency_key, first.idempotency_key);
    assert!(second.expires_in <= first.expires_in);

    assert_eq!(relay.deliver(&otp_to("+15550000002")).await.status, 200);
    vendors.reports(&relay, 1, "failed", UNREACHABLE).await;
    vendors.second.wait_for_sends(2).await;
    assert_eq!(vendors.second.sent().len(), 2, "the first one went out again twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_not_sent_again_where_the_number_or_its_owner_is_the_cause() {
    for code in ["21610", "30005", "21614", "30450", "30036"] {
        let vendors = Vendors::new().await;
        let relay = sent(&vendors, &[]).await;
        vendors.reports(&relay, 0, "undelivered", Some(code)).await;
        assert_only_one_was_sent(&vendors, &relay).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_arrived_is_not_sent_again_whatever_is_reported_later() {
    let vendors = Vendors::new().await;
    let relay = sent(&vendors, &[]).await;
    vendors.reports(&relay, 0, "delivered", None).await;
    vendors.reports(&relay, 0, "failed", UNREACHABLE).await;
    assert_only_one_was_sent(&vendors, &relay).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_texts_leave_than_one_event_may_have() {
    let vendors = Vendors::new().await;
    let relay = sent(&vendors, &[("SMS_MAX_SENDS_PER_EVENT", "1")]).await;
    vendors.reports(&relay, 0, "failed", UNREACHABLE).await;
    // An event whose first request surely sent nothing has its one text at the second provider.
    vendors.first.answer(Err(SendError::new(FailureKind::Throttled)));
    assert_eq!(relay.deliver(&otp_to("+15550000002")).await.status, 200);
    // Whatever had been started is finished by then.
    relay.stopped().await;
    assert_eq!(vendors.second.sent().len(), 1);
    assert_eq!(vendors.second.sent()[0].to.as_e164(), "+15550000002");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_who_does_not_want_it_has_nothing_sent_again() {
    let vendors = Vendors::new().await;
    let relay = sent(&vendors, &[("RESEND_ON_FAILURE", "0")]).await;
    vendors.reports(&relay, 0, "failed", UNREACHABLE).await;
    vendors.first.answer(Err(SendError::new(FailureKind::Throttled)));
    assert_eq!(relay.deliver(&otp_to("+15550000002")).await.status, 200);
    // Whatever had been started is finished by then.
    relay.stopped().await;
    assert_eq!(vendors.second.sent().len(), 1);
    assert_eq!(vendors.second.sent()[0].to.as_e164(), "+15550000002");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_provider_is_asked_again_where_it_may_do_better_now() {
    let vendors = Vendors::new().await;
    let relay = vendors.relay_of_the_first(&[]).await;
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200);
    // Landline or carrier that this account does not reach: it will not get better.
    vendors.reports(&relay, 0, "undelivered", Some("30006")).await;
    assert_eq!(relay.deliver(&otp_to("+15550000002")).await.status, 200);
    vendors.reports(&relay, 1, "undelivered", UNREACHABLE).await;
    vendors.first.wait_for_sends(3).await;
    assert_eq!(vendors.first.sent()[2].to.as_e164(), "+15550000002");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_a_newer_one_has_made_void_is_not_sent_again() {
    let vendors = Vendors::new().await;
    let relay = sent(&vendors, &[]).await;
    // The user asks again, and the other vendor sends the new code.
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200);
    assert_eq!(vendors.second.sent().len(), 1);
    vendors.reports(&relay, 0, "failed", UNREACHABLE).await;
    assert_eq!(relay.deliver(&otp_to("+15550000002")).await.status, 200);
    vendors.reports(&relay, 1, "failed", UNREACHABLE).await;
    vendors.second.wait_for_sends(2).await;
    assert_eq!(vendors.second.sent()[1].to.as_e164(), "+15550000002");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_was_typed_is_not_sent_again() {
    let vendors = Vendors::new().await;
    let relay = sent(&vendors, &[]).await;
    assert_eq!(relay.deliver(&verified(NUMBER)).await.status, 200);
    vendors.reports(&relay, 0, "failed", UNREACHABLE).await;
    assert_only_one_was_sent(&vendors, &relay).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_of_which_nothing_is_heard_is_sent_again_after_the_time_that_was_set() {
    let (vendors, clock) = (Vendors::new().await, manual_clock());
    let parts = Parts { clock: Some(clock.clone()), ..Parts::default() };
    let relay = vendors.relay(&[("RESEND_IF_SILENT_SECONDS", "20")], parts).await;
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200);
    assert_eq!(relay.deliver(&otp_to("+15550000002")).await.status, 200);
    // That it was sent is not final; that it arrived is.
    vendors.reports(&relay, 0, "sent", None).await;
    vendors.reports(&relay, 1, "delivered", None).await;
    clock.advance(Duration::from_secs(21));
    vendors.second.wait_for_sends(1).await;
    assert_eq!(vendors.second.sent()[0].to.as_e164(), NUMBER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_dies_soon_is_not_sent_again() {
    let vendors = Vendors::new().await;
    let relay = vendors.relay(&[], Parts::default()).await;
    let dies = jiff::Timestamp::now() + Duration::from_secs(29);
    let body = otp(|body| body["event_data"]["expires_at"] = json!(dies.to_string()));
    assert_eq!(relay.deliver(&body).await.status, 200);
    vendors.reports(&relay, 0, "failed", UNREACHABLE).await;
    assert_only_one_was_sent(&vendors, &relay).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_reaches_another_instance_is_acted_upon_by_the_one_that_has_the_code() {
    let store = Arc::new(MemoryStore::default());
    let parts = || Parts { store: Some(store.clone()), ..Parts::default() };
    let (vendors, idle) = (Vendors::new().await, Vendors::new().await);
    let sender = vendors.relay(&[], parts()).await;
    let other = idle.relay(&[], parts()).await;
    assert_eq!(sender.deliver(&otp(|_| {})).await.status, 200);
    vendors.reports(&other, 0, "failed", UNREACHABLE).await;
    vendors.second.wait_for_sends(1).await;
    assert_eq!(idle.second.sent().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_comes_before_the_answer_to_the_send_is_acted_upon() {
    let vendors = Vendors::new().await;
    let relay = vendors.relay(&[], Parts::default()).await;
    vendors.first.hold();
    let body = otp(|_| {});
    let reporting = async {
        vendors.first.wait_for_sends(1).await;
        vendors.reports(&relay, 0, "failed", UNREACHABLE).await;
        vendors.first.release();
    };
    let (answer, ()) = tokio::join!(relay.deliver(&body), reporting);
    assert_eq!(answer.status, 200);
    vendors.second.wait_for_sends(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_asks_again_gets_the_code_through_another_provider_until_one_led_them_in() {
    let vendors = Vendors::new().await;
    let relay = sent(&vendors, &[]).await;
    relay.deliver(&otp(|_| {})).await;
    assert_eq!((vendors.first.sent().len(), vendors.second.sent().len()), (1, 1));
    relay.deliver(&otp(|_| {})).await;
    assert_eq!((vendors.first.sent().len(), vendors.second.sent().len()), (2, 1));
    relay.deliver(&verified(NUMBER)).await;
    relay.deliver(&otp(|_| {})).await;
    assert_eq!((vendors.first.sent().len(), vendors.second.sent().len()), (3, 1));
}

fn free_port() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}

async fn all(store: &MemoryStore) -> Vec<Delivery> {
    store.deliveries(&Query::default(), 9).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_is_kept_with_the_text_that_led_to_it_and_counted() {
    let (vendors, store) = (Vendors::new().await, Arc::new(MemoryStore::default()));
    let port = free_port();
    let parts = Parts { store: Some(store.clone()), ..Parts::default() };
    let relay = vendors.relay(&[("METRICS_PORT", &port)], parts).await;
    vendors.first.answer(Err(SendError::new(FailureKind::Throttled)));
    relay.deliver(&otp(|_| {})).await;
    // Written in another way, it reaches the same phone.
    let body = verified("+115551234567");
    assert_eq!(relay.deliver(&body).await.status, 200);
    assert_eq!(relay.deliver(&body).await.status, 200);
    let delivery = &all(&store).await[0];
    assert!(delivery.verified_at.is_some());
    assert_eq!(delivery.texts[1].status.map(|status| status.as_str()), Some("verified"));
    let text =
        relay.http.get(relay.metrics_url.as_deref().unwrap()).send().await.unwrap().text().await.unwrap();
    for line in [
        r#"neon_sms_relay_verified_total{provider="vonage",region="US"} 1"#,
        r#"neon_sms_relay_time_to_verified_seconds_count{provider="vonage",region="US"} 1"#,
    ] {
        assert!(text.contains(line), "{line} in:\n{text}");
    }
    assert!(
        !text.contains("neon_sms_relay_first_sends_total{"),
        "a request that surely sent nothing is no text"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_are_counted_by_provider_and_status_also_those_for_nobody() {
    let (vendors, port) = (Vendors::new().await, free_port());
    let store = Arc::new(MemoryStore::default());
    let parts = Parts { store: Some(store.clone()), ..Parts::default() };
    let relay = vendors.relay(&[("METRICS_PORT", &port)], parts).await;
    relay.deliver(&otp(|_| {})).await;
    for status in ["sent", "delivered", "sent", "vaporised"] {
        vendors.reports(&relay, 0, status, None).await;
    }
    let text =
        relay.http.get(relay.metrics_url.as_deref().unwrap()).send().await.unwrap().text().await.unwrap();
    for line in [
        r#"neon_sms_relay_reports_total{provider="twilio",status="sent"} 1"#,
        r#"neon_sms_relay_reports_total{provider="twilio",status="delivered"} 1"#,
        r#"neon_sms_relay_reports_total{provider="twilio",status="unknown_word"} 1"#,
        r#"neon_sms_relay_time_to_delivered_seconds_count{provider="twilio",region="US"} 1"#,
    ] {
        assert!(text.contains(line), "{line} in:\n{text}");
    }
    assert_eq!(all(&store).await[0].texts[0].word.as_deref(), Some("vaporised"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_told_which_text_led_to_a_verification_where_the_operator_wants_it() {
    let twilio = Twilio::that_accepts().await;
    let vars = twilio.vars().into_iter().chain([("CONVERSION_FEEDBACK", "1".to_owned())]).collect();
    let relay = TestRelay::with(Start { vars, configured_providers: true, ..Start::default() }).await;
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200);
    assert_eq!(twilio.texts().await[0]["ProvideFeedback"], "true");
    assert_eq!(relay.deliver(&verified(NUMBER)).await.status, 200);
    let (text, said) = tokio::time::timeout(Duration::from_secs(30), twilio.feedback()).await.unwrap();
    assert_eq!(
        (text.as_str(), said["Outcome"].as_str()),
        ("SM11111111111111111111111111111111", "confirmed")
    );
}
