//! Same event, same answer, one SMS: whatever Neon repeats.

use crate::harness::{Answer, Start, TestRelay, otp, send};
use sms_providers::{FailureKind, ProviderName, SendError, SendReceipt};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_event_gets_the_same_answer_again_and_no_second_sms() {
    let relay = TestRelay::start().await;
    let body = otp(|_| {});
    let (first, second) = (relay.deliver(&body).await, relay.deliver(&body).await);
    assert_eq!((first.status, &first.text), (second.status, &second.text));
    assert!(!first.replayed && second.replayed);
    assert_eq!(relay.stub.sent().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_repeated_too() {
    let relay = TestRelay::start().await;
    relay.stub.answer(Err(SendError::new(FailureKind::OptedOut)));
    let body = otp(|_| {});
    for replayed in [false, true] {
        let answer = relay.deliver(&body).await;
        assert_eq!((answer.replayed, answer.error()), (replayed, (422, "opted_out".into())));
    }
    assert_eq!(relay.stub.sent().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_copies_at_once_share_one_sms_and_its_outcome() {
    for outcome in [
        Ok(SendReceipt::new(ProviderName::Stub, Some("one"))),
        Err(SendError::new(FailureKind::BadRecipient)),
    ] {
        let relay = TestRelay::start().await;
        relay.stub.hold();
        relay.stub.answer(outcome.clone());
        let body = otp(|_| {});
        let copies = futures_util::future::join_all((0..100).map(|_| relay.deliver(&body)));
        let release = async {
            relay.stub.wait_for_sends(1).await;
            relay.stub.release();
        };
        let (answers, ()) = tokio::join!(copies, release);
        let expected = if outcome.is_ok() { 200 } else { 422 };
        assert!(answers.iter().all(|answer| answer.status == expected && answer.text == answers[0].text));
        assert_eq!(relay.stub.sent().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_runs_out_of_time_is_joined_by_the_next() {
    let vars = vec![("NEON_TIMEOUT_SECONDS", "1".to_owned())];
    let relay = TestRelay::with(Start { vars, ..Start::default() }).await;
    relay.stub.hold();
    let body = otp(|_| {});
    assert_eq!(relay.deliver(&body).await.error(), (503, "in_flight".into()));
    let release = async { relay.stub.release() };
    let (answer, ()) = tokio::join!(relay.deliver(&body), release);
    assert_eq!(answer.status, 200);
    assert_eq!(relay.stub.sent().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_resets_its_connection_does_not_stop_the_sms() {
    let relay = TestRelay::start().await;
    relay.stub.hold();
    let body = otp(|_| {});
    let (address, text) = (relay.url.trim_start_matches("http://"), body.to_string());
    let request = relay.request(&body).build().unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut head =
        format!("POST /webhooks/neon-auth HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n", text.len());
    for (name, value) in request.headers() {
        head += &format!("{name}: {}\r\n", value.to_str().unwrap());
    }
    stream.write_all(format!("{head}\r\n{text}").as_bytes()).await.unwrap();
    relay.stub.wait_for_sends(1).await;
    socket2::SockRef::from(&stream).set_linger(Some(std::time::Duration::ZERO)).unwrap();
    drop(stream);

    relay.stub.release();
    let retry = relay.deliver(&body).await;
    assert_eq!(retry.status, 200);
    assert_eq!(relay.stub.sent().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_did_not_work_is_tried_anew_by_the_next_attempt() {
    for kind in [FailureKind::Throttled, FailureKind::Unavailable, FailureKind::Unknown] {
        let relay = TestRelay::start().await;
        relay.stub.answer(Err(SendError::new(kind)));
        let body = otp(|_| {});
        assert_eq!(relay.deliver(&body).await.status, 503, "{kind}");
        let second: Answer = relay.deliver(&body).await;
        assert_eq!((second.status.as_u16(), second.replayed), (200, false), "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_most_two_requests_that_may_have_produced_a_text_are_written_for_one_event() {
    let relay = TestRelay::start().await;
    relay.stub.answer_always(Err(SendError::new(FailureKind::Unknown)));
    let body = otp(|_| {});
    for _ in 0..4 {
        assert_eq!(relay.deliver(&body).await.error(), (503, "no_verdict".into()));
    }
    assert_eq!(relay.stub.sent().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_were_surely_refused_do_not_count_against_the_limit() {
    let relay = TestRelay::start().await;
    relay.stub.answer_always(Err(SendError::new(FailureKind::Unavailable)));
    let body = otp(|_| {});
    for _ in 0..4 {
        assert_eq!(send(relay.request(&body)).await.status, 503);
    }
    assert_eq!(relay.stub.sent().len(), 4);
}
