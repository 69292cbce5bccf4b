//! The page for people who see little, point badly, or use no mouse, by the rules of axe and of WCAG 2.2.

use super::{DESKTOP, Dev, ENTER, MOBILE, Page};
use serde_json::json;

/// Brings something of everything onto the page: a used and a live code, events that went well and badly, an open one.
async fn fill(page: &Page) {
    page.click("#number-form .go").await;
    page.click("#texts > :last-child button").await;
    page.click("#code-form .go").await;
    page.text("#done:not([hidden])").await;
    page.text("#texts s").await;
    page.click("#samples button:nth-child(3)").await;
    page.click("#events .failed summary").await;
    page.click("#samples button:nth-child(1)").await;
    page.text("#texts button").await;
    page.click("#link-form button").await;
    page.text("#link-code-form:not([hidden])").await;
    page.click("#slow").await;
    page.text("#slow[aria-checked=true]").await;
}

#[tokio::test]
async fn nobody_is_shut_out_in_any_state_scheme_or_size() {
    for (size, scheme) in [(DESKTOP, "light"), (DESKTOP, "dark"), (MOBILE, "light"), (MOBILE, "dark")] {
        let Some(dev) = Dev::start(&[]) else { return };
        let page = dev.page(size).await;
        page.prefer(scheme).await;
        assert_eq!(page.barriers().await, [""; 0], "{size:?} {scheme}, before anything");
        fill(&page).await;
        assert_eq!(page.barriers().await, [""; 0], "{size:?} {scheme}, with everything");
        page.click("#sign-out").await;
        page.click("#number-form:not([hidden]) .go").await;
        page.text("#code-form:not([hidden])").await;
        page.press(&format!("12{ENTER}")).await;
        page.text("#code-error:not(:empty)").await;
        assert_eq!(page.barriers().await, [""; 0], "{size:?} {scheme}, a wrong code");
    }
}

#[tokio::test]
async fn whatever_is_clicked_on_is_large_enough_for_a_finger() {
    for size in [DESKTOP, MOBILE] {
        let Some(dev) = Dev::start(&[]) else { return };
        let page = dev.page(size).await;
        fill(&page).await;
        let small = "[...document.querySelectorAll('button, input, select, summary')].filter((target) => target.offsetParent) \
                     .filter((target) => target.offsetHeight < 32 || target.offsetWidth < 24) \
                     .map((target) => [target.innerText, target.offsetWidth, target.offsetHeight])";
        assert_eq!(page.value_of(small).await, json!([]), "{size:?}");
    }
}
