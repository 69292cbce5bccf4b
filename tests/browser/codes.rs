//! What the page says of a code that may not be typed in any more.

use super::{DESKTOP, Dev, ENTER, Page, code};

/// Types three codes that are not the one on the phone; returns it.
async fn spoil(page: &Page) -> String {
    let right = code(page).await;
    let wrong = if right == "000000" { "111111" } else { "000000" };
    page.text("#code-form:not([hidden])").await;
    for left in ["Two tries left", "One try left", "it is void now"] {
        page.value_of("document.getElementById('code').select()").await;
        page.press(&format!("{wrong}{ENTER}")).await;
        while !page.text("#code-error:not(:empty)").await.contains(left) {}
    }
    right
}

#[tokio::test]
async fn three_wrong_codes_end_the_countdown_and_the_code_on_the_phone() {
    let Some(dev) = Dev::start(&[]) else { return };
    let page = dev.page(DESKTOP).await;
    page.click("#number-form .go").await;
    let spoilt = spoil(&page).await;
    assert_eq!(page.text("#expiry").await, "This code is void after three wrong ones.");
    assert_eq!(page.text("#texts s").await, spoilt);
    assert_eq!(page.text("#texts s + em").await, "void");
    // It stays so while the time of the code goes on.
    page.value_of("new Promise((done) => setInterval(() => document.getElementById('clock').dataset.seen ? done() : (document.getElementById('clock').dataset.seen = 1), 1000))").await;
    assert_eq!(page.text("#expiry").await, "This code is void after three wrong ones.");

    page.click("#resend").await;
    let fresh = page.text("#texts > :last-child button").await;
    assert!(page.text("#expiry:not(.bad)").await.starts_with("Valid for "));
    page.press(&format!("{fresh}{ENTER}")).await;
    page.text("#done:not([hidden])").await;
    assert_eq!(page.text("#texts > :last-child s + em").await, "used");
    assert_eq!(page.text("#texts > :first-child s + em").await, "void");
}

#[tokio::test]
async fn a_code_that_was_used_looks_used_also_after_a_reload() {
    let Some(dev) = Dev::start(&[]) else { return };
    let page = dev.page(DESKTOP).await;
    page.click("#number-form .go").await;
    let used = code(&page).await;
    page.click("#texts button").await;
    page.click("#code-form .go").await;
    page.text("#done:not([hidden])").await;
    for _ in 0..2 {
        assert_eq!(
            (page.text("#texts s").await, page.text("#texts s + em").await),
            (used.clone(), "used".into())
        );
        assert_eq!(page.value_of("document.querySelectorAll('#texts button').length").await, 0);
        page.reload().await;
    }
}

#[tokio::test]
async fn a_newer_code_takes_the_place_of_the_older_one() {
    let Some(dev) = Dev::start(&[]) else { return };
    let page = dev.page(DESKTOP).await;
    page.click("#number-form .go").await;
    let older = code(&page).await;
    page.click("#resend").await;
    assert_eq!(page.text("#texts > :first-child s + em").await, "replaced");
    assert_eq!(page.text("#texts > :first-child s").await, older);
    page.text("#texts > :last-child button").await;
}
