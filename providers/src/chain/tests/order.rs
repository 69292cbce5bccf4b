//! Runs that choose their order, go on where another one ended, and number their requests.

use super::*;

/// Runs to the end in this order, with requests numbered from `first`.
async fn run_in<'a>(
    chain: &'a FailoverChain,
    order: &[ProviderName],
    message: &'a SmsMessage,
    first: u8,
) -> (Step, ChainRun<'a>) {
    let mut run = chain.start_in(order, message, Instant::now() + PLENTY, 9).numbered_from(first);
    loop {
        let step = run.next().await;
        if step != Step::Next {
            return (step, run);
        }
    }
}

fn asked(run: &ChainRun<'_>) -> Vec<ProviderName> {
    run.attempts().iter().map(|attempt| attempt.provider).collect()
}

#[tokio::test(start_paused = true)]
async fn a_message_goes_through_the_providers_of_its_own_order_and_no_other() {
    let (stubs, chain) = chain::<3>();
    stubs.iter().for_each(|stub| fails(stub, Throttled));
    let message = message();
    for order in [&[Vonage, Twilio][..], &[MessageBird], &[Vonage, MessageBird, Twilio]] {
        let (step, run) = run_in(&chain, order, &message, 1).await;
        assert_eq!((step, asked(&run)), (Step::Done(Err(Throttled)), order.to_vec()));
    }
}

#[tokio::test(start_paused = true)]
async fn names_that_the_chain_does_not_have_and_repeated_ones_are_passed_over() {
    let (stubs, chain) = chain::<2>();
    stubs.iter().for_each(|stub| fails(stub, Throttled));
    let message = message();
    let order = [Vonage, MessageBird, MessageBird, ProviderName::Log, Twilio, MessageBird];
    assert_eq!(asked(&run_in(&chain, &order, &message, 1).await.1), [MessageBird, Twilio]);

    let (step, run) = run_in(&chain, &[Vonage], &message, 1).await;
    assert_eq!((step, asked(&run)), (Step::Done(Err(Misconfigured)), vec![]));
}

/// "Misconfigured" makes callers give up, and here everybody who was to be asked says so.
#[tokio::test(start_paused = true)]
async fn the_outcome_of_a_chosen_order_sums_up_those_that_are_in_it() {
    let ([first, ..], chain) = chain::<3>();
    fails(&first, Misconfigured);
    let message = message();
    assert_eq!(run_in(&chain, &[Twilio], &message, 1).await.0, Step::Done(Err(Misconfigured)));
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_keeps_failing_comes_last_in_a_chosen_order_too() {
    let ([first, second, _], chain) = chain::<3>();
    assert!(chain.breakers().all(|(_, is_open)| !is_open));
    fails(&first, Unavailable);
    let message = message();
    for _ in 0..5 {
        run_in(&chain, &[Twilio], &message, 1).await;
    }
    fails(&second, Throttled);
    assert_eq!(asked(&run_in(&chain, &[Twilio, MessageBird], &message, 1).await.1), [MessageBird, Twilio]);
    let open: Vec<_> = chain.breakers().collect();
    assert_eq!(open, [(Twilio, true), (MessageBird, false), (Vonage, false)]);

    fails(&first, Throttled);
    run_in(&chain, &[Twilio], &message, 1).await;
    assert!(chain.breakers().all(|(_, is_open)| !is_open), "it answered");
}

#[tokio::test(start_paused = true)]
async fn every_request_has_a_number_and_so_a_reference_and_an_idempotency_key_of_its_own() {
    let ([first, second, third], chain) = chain::<3>();
    fails(&first, Throttled);
    fails(&second, Unknown);
    let message = message();
    let (_, run) = run_in(&chain, &NAMES, &message, 1).await;
    let references: Vec<_> = run.attempts().iter().map(|attempt| attempt.reference.as_str()).collect();
    assert_eq!(references, ["0d9c1f6e-1", "0d9c1f6e-2", "0d9c1f6e-3"]);
    for (n, stub) in [(1, &first), (2, &second), (3, &third)] {
        let sent = &stub.sent()[0];
        assert_eq!(sent.reference, message.reference.numbered(n));
        assert_eq!((sent.idempotency_key.as_str(), sent.attempt), (&*format!("evt-1-{n}"), n));
        assert_eq!((&sent.body, &sent.to), (&message.body, &message.to));
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_goes_on_where_another_ended_counts_on() {
    let ([first, second], chain) = chain::<2>();
    fails(&second, Throttled);
    let message = message();
    let (_, run) = run_in(&chain, &[MessageBird, Twilio], &message, 3).await;
    let references: Vec<_> = run.attempts().iter().map(|attempt| attempt.reference.as_str()).collect();
    assert_eq!(references, ["0d9c1f6e-3", "0d9c1f6e-4"]);
    assert_eq!(first.sent()[0].attempt, 4);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_was_taken_has_the_receipt_and_one_that_failed_has_none() {
    let ([first, second], chain) = chain::<2>();
    fails(&first, Throttled);
    let receipt = SendReceipt { segments: Some(2), ..SendReceipt::new(MessageBird, Some("id-1")) };
    second.answer(Ok(receipt.clone()));
    let message = message();
    let (_, run) = run_in(&chain, &NAMES, &message, 1).await;
    assert_eq!((run.attempts()[0].message_id(), &run.attempts()[0].receipt), (None, &None));
    assert_eq!((run.attempts()[1].message_id(), &run.attempts()[1].receipt), (Some("id-1"), &Some(receipt)));
}

#[tokio::test(start_paused = true)]
async fn without_numbers_every_request_carries_the_message_as_it_is() {
    let ([stub], chain) = chain::<1>();
    run(&chain).await;
    let (sent, message) = (&stub.sent()[0], message());
    assert_eq!((&sent.reference, &sent.idempotency_key), (&message.reference, &message.idempotency_key));
}
