//! Which failures go on to the next provider, and what all of them come to.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_failure_of_the_providers_own_goes_on_to_the_next_one() {
    for (kind, possible_sends) in
        [(Misconfigured, 1), (Unreachable, 1), (Throttled, 1), (Unavailable, 1), (Unknown, 2)]
    {
        let ([first, _], chain) = chain::<2>();
        fails(&first, kind);
        let expected = Ran { outcome: Ok(MessageBird), asked: vec![Twilio, MessageBird], possible_sends };
        assert_eq!(run(&chain).await, expected, "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_opt_out_or_a_hold_for_fraud_is_never_routed_round() {
    for kind in [OptedOut, FraudHeld] {
        let ([first, second], chain) = chain::<2>();
        fails(&first, kind);
        let expected = Ran { outcome: Err(kind), asked: vec![Twilio], possible_sends: 0 };
        assert_eq!(run(&chain).await, expected);
        assert!(second.sent().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn the_final_kind_sums_up_all_attempts() {
    for (kinds, sum) in [
        ([Misconfigured, Misconfigured, Misconfigured], Misconfigured),
        ([Unavailable, Misconfigured, Misconfigured], Unavailable),
        ([Misconfigured, Throttled, Misconfigured], Throttled),
        ([Misconfigured, Unknown, Misconfigured], Unknown),
        ([Unknown, Throttled, Unavailable], Unknown),
        ([Unknown, Misconfigured, OptedOut], OptedOut),
        ([Throttled, Unknown, BadRecipient], BadRecipient),
        ([Unreachable, Unreachable, Unreachable], Unreachable),
        ([Unreachable, Misconfigured, Unreachable], Misconfigured),
        ([Misconfigured, Unreachable, Unavailable], Unavailable),
        ([Unreachable, Throttled, Unreachable], Throttled),
        ([Unreachable, Unknown, Misconfigured], Unknown),
        ([Unreachable, Unavailable, FraudHeld], FraudHeld),
        ([Unknown, Unreachable, FraudHeld], FraudHeld),
        ([Unreachable, Misconfigured, OptedOut], OptedOut),
        ([BadRecipient, Unreachable, OptedOut], OptedOut),
        ([BadRecipient, Unreachable, FraudHeld], FraudHeld),
        ([BadRecipient, Unreachable, Unavailable], BadRecipient),
        ([Unreachable, Misconfigured, BadRecipient], BadRecipient),
    ] {
        let (stubs, chain) = chain::<3>();
        stubs.iter().zip(kinds).for_each(|(stub, kind)| fails(stub, kind));
        let ran = run(&chain).await;
        assert_eq!((ran.outcome, ran.asked.len()), (Err(sum), 3), "{kinds:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_number_that_one_provider_takes_for_none_is_put_before_another_one_once() {
    let ([first, second, third], chain) = chain::<3>();
    fails(&first, BadRecipient);
    let expected = Ran { outcome: Ok(MessageBird), asked: vec![Twilio, MessageBird], possible_sends: 1 };
    assert_eq!(run(&chain).await, expected);

    fails(&second, BadRecipient);
    let expected = Ran { outcome: Err(BadRecipient), asked: vec![Twilio, MessageBird], possible_sends: 0 };
    assert_eq!(run(&chain).await, expected, "two of them are believed");
    assert!(third.sent().is_empty());

    // A failure that is no opinion on the number leaves it open.
    fails(&second, Throttled);
    assert_eq!(run(&chain).await.outcome, Ok(Vonage));
}

#[tokio::test(start_paused = true)]
async fn whoever_could_not_be_asked_in_time_might_have_reached_the_number() {
    let ([first, _], chain) = chain::<2>();
    fails(&first, Unreachable);
    let message = message();
    let mut run = chain.start(&message, Instant::now() + PLENTY, 2);
    assert_eq!(run.next().await, Step::Next);
    tokio::time::advance(PLENTY).await;
    assert_eq!(run.next().await, Step::Done(Err(Unavailable)));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_shows_that_the_provider_works() {
    for kind in [BadRecipient, OptedOut, FraudHeld, Unreachable, Misconfigured, Throttled] {
        let ([first, _], chain) = chain::<2>();
        fails(&first, kind);
        for _ in 0..20 {
            assert_eq!(run(&chain).await.asked[0], Twilio, "{kind}");
        }
    }
}
