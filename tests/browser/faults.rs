//! What goes wrong on purpose, switched on and off on the page, by whomever.

use super::{DESKTOP, Dev, Page};
use serde_json::json;

async fn choose(page: &Page, id: &str, value: &str) {
    let choice = format!(
        "((field) => {{ field.value = '{value}'; field.dispatchEvent(new Event('change')); }})(document.getElementById('{id}'))"
    );
    page.value_of(&choice).await;
}

#[tokio::test]
async fn a_vendor_that_refuses_is_chosen_used_up_and_works_again() {
    let Some(dev) = Dev::start(&[]) else { return };
    let page = dev.page(DESKTOP).await;
    choose(&page, "times", "1").await;
    choose(&page, "vendor", "opted_out").await;
    while dev.api("GET", "faults", json!({})).await["vendor"]["kind"] != "opted_out" {}
    page.click("#number-form .go").await;
    assert!(page.text("#number-error:not(:empty)").await.contains("the relay did not accept it"));
    assert!(page.text("#events .failed .why").await.starts_with("opted_out"));
    while page.value_of("document.getElementById('vendor').value").await != "" {}
    page.click("#number-form .go").await;
    page.text("#texts button").await;
}

#[tokio::test]
async fn switches_plan_what_they_say() {
    let Some(dev) = Dev::start(&[]) else { return };
    let page = dev.page(DESKTOP).await;
    for (id, planned) in [
        ("slow", json!({ "vendor": { "times": 1, "delay_ms": 3000 } })),
        ("lose", json!({ "webhook": { "lose": 1 } })),
        ("expired", json!({ "code": { "expired": 1 } })),
    ] {
        page.click(&format!("#{id}[aria-checked=false]")).await;
        page.text(&format!("#{id}[aria-checked=true]")).await;
        assert_eq!(dev.api("GET", "faults", json!({})).await, planned, "{id}");
        page.click(&format!("#{id}")).await;
        page.text(&format!("#{id}[aria-checked=false]")).await;
        assert_eq!(dev.api("GET", "faults", json!({})).await, json!({}), "{id}");
    }
    choose(&page, "times", "2").await;
    choose(&page, "vendor", "report:failed").await;
    let planned = json!({ "vendor": { "report": "failed", "times": 2, "delay_ms": 0 } });
    while dev.api("GET", "faults", json!({})).await != planned {}
    page.click("#limit").await;
    page.text("#limit[aria-checked=false]").await;
    assert_eq!(dev.api("GET", "settings", json!({})).await["rate_limit"], 0);
}

#[tokio::test]
async fn where_it_is_strict_a_number_that_nobody_has_linked_is_told_why_it_is_turned_away() {
    let Some(dev) = Dev::start(&[]) else { return };
    let page = dev.page(DESKTOP).await;
    page.click("#strict").await;
    page.text("#strict[aria-checked=true]").await;
    assert!(page.text("#number-hint").await.contains("linked"));
    page.click("#number-form .go").await;
    page.click("#texts button").await;
    page.click("#code-form .go").await;
    assert!(page.text("#code-error:not(:empty)").await.contains("nobody has linked this number"));
}

#[tokio::test]
async fn what_a_test_does_over_the_api_is_seen_at_once_and_a_reset_too() {
    let Some(dev) = Dev::start(&[]) else { return };
    let page = dev.page(DESKTOP).await;
    page.click("#number-form .go").await;
    page.click("#texts button").await;
    page.click("#code-form .go").await;
    page.text("#done:not([hidden])").await;
    dev.api("PATCH", "settings", json!({ "strict": true })).await;
    dev.api("PUT", "faults", json!({ "code": { "expired": 1 } })).await;
    page.text("#strict[aria-checked=true]").await;
    page.text("#expired[aria-checked=true]").await;
    page.click("#reset").await;
    page.text("#strict[aria-checked=false]").await;
    page.text("#expired[aria-checked=false]").await;
    page.text("#number-form:not([hidden])").await;
    page.text("#texts .none").await;
    assert_eq!(page.complaints().await, [""; 0]);
}
