//! Finding an event among many, and taking it along.

use super::{DESKTOP, Dev, Page};
use serde_json::Value;

/// Types into the search field as a user does.
async fn search(page: &Page, words: &str) {
    page.value_of("document.getElementById('find').select()").await;
    page.click("#find").await;
    page.press(words).await;
}

async fn shown(page: &Page) -> Value {
    page.value_of(
        "[...document.querySelectorAll('#events > li:not([hidden]) .name')].map((name) => name.innerText)",
    )
    .await
}

#[tokio::test]
async fn events_are_found_by_their_words_and_by_what_became_of_them() {
    let Some(dev) = Dev::start(&[]) else { return };
    let page = dev.page(DESKTOP).await;
    for sample in 1..=3 {
        page.click(&format!("#samples button:nth-child({sample})")).await;
        page.text(&format!("#events > li:nth-child({sample}) .try")).await;
    }
    search(&page, "no_delivery ada@example.com email").await;
    assert_eq!(page.text("#found:not(:empty)").await, "2 of 3 events");
    assert_eq!(shown(&page).await.as_array().unwrap().len(), 2);
    search(&page, "send.magic").await;
    while page.text("#found:not(:empty)").await != "1 of 3 events" {}
    assert_eq!(shown(&page).await[0], "send.magic_link");
    // One that comes later is sifted too.
    page.click("#samples button:nth-child(5)").await;
    while page.text("#found:not(:empty)").await != "1 of 4 events" {}
}

#[tokio::test]
async fn an_event_is_copied_as_the_command_that_sends_it_again() {
    let Some(dev) = Dev::start(&[]) else { return };
    let page = dev.page(DESKTOP).await;
    page.value_of("navigator.clipboard.writeText = async (words) => { window.copied = words; }").await;
    page.click("#number-form .go").await;
    page.text("#texts button").await;
    page.click("#events .delivered summary").await;
    page.click("#events .more button").await;
    let copied = page.value_of("window.copied").await.as_str().unwrap().to_owned();
    let port = dev.server.announced.trim_end_matches('/');
    assert!(
        copied.starts_with(&format!("DEV_PORT={port} neon-sms-relay trigger send.otp --set ")),
        "{copied}"
    );
    assert!(copied.contains(r#"--set 'user={"phone_number":"+12025550123"}'"#), "{copied}");
    let code = page.text("#texts button").await;
    assert!(copied.contains(&format!(r#"--set 'event_data.otp_code="{code}"'"#)), "{copied}");
    assert!(!copied.contains("expires_at"), "{copied}");
}
