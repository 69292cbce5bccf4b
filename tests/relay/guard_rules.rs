//! Rules that an operator chooses: who always passes, who never does, and what a day may cost.

use crate::guard::{Scene, TOO_MANY, code_for, refused, sent};
use crate::harness::NUMBER;
use crate::second_vendor::{Vendors, verified};
use neon_sms_relay::app::Parts;
use serde_json::{Value, json};

const STRANGER: &str = "+14155550123";

/// Some number of a country where most are mobile, of a prefix of its own.
fn numbered(index: usize) -> String {
    format!("+49151{:08}", index * 7_919_113 % 100_000_000)
}

fn linked(mut body: Value) -> Value {
    body["user"]["id"] = json!("u1");
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_nobody_has_linked_get_none_where_they_are_denied() {
    let scene = Scene::new(&[("GUARD_UNLINKED", "deny")]).await;
    assert_eq!(scene.asks(NUMBER).await, refused((422, "number_not_allowed")));
    assert_eq!(scene.decision().await["rules"], json!(["unlinked"]));
    assert_eq!(scene.deliver(&linked(code_for(NUMBER))).await, sent());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_on_the_list_always_passes() {
    let vars = [("GUARD_ALLOW", "+1415555"), ("SMS_COUNTRIES", "DE"), ("SMS_DAILY_LIMIT", "1")];
    let scene = Scene::new(&vars).await;
    for _ in 0..7 {
        assert_eq!(scene.asks(STRANGER).await, sent());
    }
    assert_eq!(scene.decision().await, json!({"outcome": "allowed", "rules": ["allow_list"]}));
    assert_eq!(scene.asks(NUMBER).await, refused((422, "country_not_allowed")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_gets_so_many_codes_where_addresses_are_users_own() {
    for (vars, expected) in [(&[("GUARD_IP", "1")][..], 30), (&[], 60)] {
        let scene = Scene::new(vars).await;
        let from = |address: &str, index| {
            let mut body = code_for(&numbered(index));
            body["event_data"]["ip_address"] = json!(address);
            body
        };
        let mut texts = 0;
        for index in 0..70 {
            texts += usize::from(scene.deliver(&from("198.51.100.7", index)).await == sent());
        }
        assert_eq!(texts, expected);
        if expected == 30 {
            assert_eq!(scene.decision().await["rules"], json!(["address_hour"]));
            assert_eq!(scene.deliver(&from("198.51.100.8", 71)).await, sent());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_sent_again_is_part_of_what_a_day_costs() {
    let vendors = Vendors::new().await;
    let vars = [
        ("GUARD", "enforce"),
        ("PUBLIC_URL", "https://relay.example.com"),
        ("SMS_PRICE", "0.05 USD"),
        ("SMS_DAILY_SPEND", "0.10 USD"),
    ];
    let relay = vendors.relay(&vars, Parts::default()).await;
    assert_eq!(relay.deliver(&code_for(NUMBER)).await.status, 200);
    vendors.reports(&relay, 0, "failed", Some("30003")).await;
    vendors.second.wait_for_sends(1).await;
    // The resend is counted once its answer is there.
    while relay.deliver(&code_for(STRANGER)).await.status == 200 {}
    let refusal = relay.deliver(&code_for("+14155550177")).await.error();
    assert_eq!(refusal, (422, "spend_limit".to_owned()));
    assert!(vendors.first.sent().len() <= 2, "more was sent than a day may cost");
    assert_eq!(relay.deliver(&verified(NUMBER)).await.status, 200);
    assert_eq!(relay.deliver(&code_for(NUMBER)).await.status, 200, "who was verified passes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_none_that_neon_repeats() {
    let scene = Scene::new(&[]).await;
    scene.asks(NUMBER).await;
    let again = code_for(NUMBER);
    assert_eq!(scene.deliver(&again).await, refused(TOO_MANY));
    let answer = scene.relay.deliver(&again).await;
    assert!(answer.replayed && answer.status == 422, "{}", answer.text);
}
