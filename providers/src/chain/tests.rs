mod order;
mod outcome;

use super::*;
use crate::StubProvider;
use crate::message::tests::message;
use FailureKind::*;
use ProviderName::{MessageBird, Twilio, Vonage};

const NAMES: [ProviderName; 3] = [Twilio, MessageBird, Vonage];
const PLENTY: Duration = Duration::from_secs(12);

/// A chain of `N` stubs with vendors' names.
fn chain<const N: usize>() -> ([StubProvider; N], FailoverChain) {
    let stubs: [StubProvider; N] = std::array::from_fn(|i| StubProvider::new(NAMES[i]));
    let chain =
        FailoverChain::new(stubs.iter().map(|s| Arc::new(s.clone()) as Arc<dyn SmsProvider>).collect());
    (stubs, chain)
}

fn fails(stub: &StubProvider, kind: FailureKind) {
    stub.answer_always(Err(SendError::new(kind)));
}

/// Everything that a finished run says.
#[derive(Debug, PartialEq)]
struct Ran {
    outcome: Result<ProviderName, FailureKind>,
    asked: Vec<ProviderName>,
    possible_sends: u8,
}

async fn run_for(chain: &FailoverChain, time: Duration, allowance: u8) -> Ran {
    let message = message();
    let mut run = chain.start(&message, Instant::now() + time, allowance);
    let outcome = loop {
        if let Step::Done(outcome) = run.next().await {
            break outcome;
        }
    };
    Ran {
        outcome: outcome.map(|receipt| receipt.provider),
        asked: run.attempts().iter().map(|attempt| attempt.provider).collect(),
        possible_sends: run.possible_sends(),
    }
}

async fn run(chain: &FailoverChain) -> Ran {
    run_for(chain, PLENTY, 2).await
}

/// Lets the first provider fail until it is put last.
async fn wear_out(stub: &StubProvider, chain: &FailoverChain) {
    fails(stub, Unavailable);
    for _ in 0..5 {
        assert_eq!(run(chain).await.asked, [Twilio, MessageBird]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_preferred_provider_is_asked_and_nobody_else_if_it_accepts() {
    let (_, chain) = chain::<3>();
    assert_eq!(run(&chain).await, Ran { outcome: Ok(Twilio), asked: vec![Twilio], possible_sends: 1 });
    assert_eq!(chain.names().collect::<Vec<_>>(), NAMES);
}

/// Field 36: a range that was opened last month is a bad number to whoever has last year's list.
#[tokio::test(start_paused = true)]
async fn no_more_texts_than_allowed_can_come_of_one_run() {
    let (stubs, chain) = chain::<3>();
    stubs.iter().for_each(|stub| fails(stub, Unknown));
    let expected = Ran { outcome: Err(Unknown), asked: vec![Twilio, MessageBird], possible_sends: 2 };
    assert_eq!(run(&chain).await, expected);

    let ran = run_for(&chain, PLENTY, 0).await;
    assert_eq!((ran.asked, ran.possible_sends), (vec![], 0));
}

#[tokio::test(start_paused = true)]
async fn a_sure_refusal_uses_up_no_allowance() {
    let ([first, second, _], chain) = chain::<3>();
    fails(&first, Throttled);
    fails(&second, Misconfigured);
    let ran = run_for(&chain, PLENTY, 1).await;
    assert_eq!((ran.outcome, ran.possible_sends), (Ok(Vonage), 1));
}

/// How long a provider that never answers is waited for.
async fn waits<const N: usize>(seconds: u64, allowance: u8) -> Vec<Duration> {
    let (stubs, chain) = chain::<N>();
    stubs.iter().for_each(StubProvider::hold);
    let (message, until) = (message(), Instant::now() + Duration::from_secs(seconds));
    let mut run = chain.start(&message, until, allowance);
    while run.next().await == Step::Next {}
    assert!(Instant::now() <= until);
    run.attempts().iter().map(|attempt| attempt.elapsed).collect()
}

#[tokio::test(start_paused = true)]
async fn a_silent_provider_gets_its_slice_and_the_last_one_all_that_is_left() {
    let seconds = |all: &[u64]| all.iter().copied().map(Duration::from_secs).collect::<Vec<_>>();
    assert_eq!(waits::<1>(12, 3).await, seconds(&[12]));
    assert_eq!(waits::<2>(12, 3).await, seconds(&[4, 8]));
    assert_eq!(waits::<3>(12, 3).await, seconds(&[4, 4, 4]));
    assert_eq!(waits::<3>(30, 3).await, seconds(&[4, 4, 22]));
    assert_eq!(waits::<3>(9, 3).await, seconds(&[3, 3, 3]));
}

#[tokio::test(start_paused = true)]
async fn the_last_allowed_send_is_not_cut_off_for_a_provider_that_may_not_be_asked() {
    assert_eq!(waits::<3>(12, 2).await, [Duration::from_secs(4), Duration::from_secs(8)]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_when_no_time_is_left() {
    let ([stub], chain) = chain::<1>();
    let expected = Ran { outcome: Err(Unavailable), asked: vec![], possible_sends: 0 };
    assert_eq!(run_for(&chain, Duration::ZERO, 2).await, expected);
    assert!(stub.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_chain_that_ran_out_of_time_is_not_called_misconfigured() {
    let ([first, second], chain) = chain::<2>();
    fails(&first, Misconfigured);
    let message = message();
    let mut run = chain.start(&message, Instant::now() + PLENTY, 2);
    assert_eq!(run.next().await, Step::Next);
    tokio::time::advance(PLENTY).await;
    assert_eq!(run.next().await, Step::Done(Err(Unavailable)));
    assert!(second.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_empty_chain_is_misconfigured() {
    let ([], chain) = chain::<0>();
    let expected = Ran { outcome: Err(Misconfigured), asked: vec![], possible_sends: 0 };
    assert_eq!(run(&chain).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_finished_run_repeats_its_outcome_and_sends_nothing_more() {
    let ([stub], chain) = chain::<1>();
    let message = message();
    let mut run = chain.start(&message, Instant::now() + PLENTY, 2);
    let first = run.next().await;
    assert_eq!(run.next().await, first);
    assert_eq!(stub.sent().len(), 1);
    assert_eq!(run.attempts()[0].verdict(), "accepted");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_abandoned_midway_counts_as_one_that_may_have_sent() {
    let ([stub, _], chain) = chain::<2>();
    stub.hold();
    let message = message();
    let mut run = chain.start(&message, Instant::now() + PLENTY, 2);
    tokio::select! {
        biased;
        step = run.next() => panic!("{step:?}"),
        () = stub.wait_for_sends(1) => {}
    }
    assert_eq!((run.possible_sends(), run.attempts()[0].verdict()), (1, "unknown"));
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_keeps_failing_is_asked_last() {
    let ([first, second], chain) = chain::<2>();
    wear_out(&first, &chain).await;
    assert_eq!(run(&chain).await.asked, [MessageBird]);

    fails(&second, Throttled);
    assert_eq!(run(&chain).await.asked, [MessageBird, Twilio], "last, and yet asked");
}

#[tokio::test(start_paused = true)]
async fn a_chain_in_the_place_of_another_knows_who_keeps_failing() {
    let ([first, _], worn) = chain::<2>();
    wear_out(&first, &worn).await;
    let ([_, _, _], newer) = chain::<3>();
    assert_eq!(run(&newer.remembering(&worn)).await.asked, [MessageBird]);
}

#[tokio::test(start_paused = true)]
async fn after_its_rest_a_provider_is_probed_with_one_message_and_comes_back() {
    let ([first, _], chain) = chain::<2>();
    wear_out(&first, &chain).await;
    tokio::time::advance(Duration::from_secs(30)).await;

    first.answer(Ok(SendReceipt::new(Twilio, Some("probe"))));
    first.answer_always(Ok(SendReceipt::new(Twilio, Some("back"))));
    first.hold();
    let probe = run(&chain);
    let others = async {
        first.wait_for_sends(6).await;
        assert_eq!(run(&chain).await.asked, [MessageBird]);
        first.release();
    };
    assert_eq!(tokio::join!(probe, others).0.asked, [Twilio]);
    assert_eq!(run(&chain).await.asked, [Twilio]);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_abandoned_does_not_banish_the_provider() {
    let ([first, _], chain) = chain::<2>();
    wear_out(&first, &chain).await;
    tokio::time::advance(Duration::from_secs(30)).await;
    first.answer_always(Ok(SendReceipt::new(Twilio, Some("well again"))));

    first.hold();
    tokio::select! {
        biased;
        ran = run(&chain) => panic!("{ran:?}"),
        () = first.wait_for_sends(6) => {}
    }
    first.release();
    assert_eq!(run(&chain).await.asked, [MessageBird], "the probe was the abandoned message");
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(run(&chain).await.asked, [Twilio]);
}

#[tokio::test(start_paused = true)]
async fn a_slice_too_short_to_connect_in_is_not_held_against_the_provider() {
    let ([first, _], chain) = chain::<2>();
    first.hold();
    for _ in 0..10 {
        assert_eq!(run_for(&chain, Duration::from_secs(3), 2).await.asked, [Twilio, MessageBird]);
    }
}
