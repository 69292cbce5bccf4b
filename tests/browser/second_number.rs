//! A second number beside the first one: it is linked, and then it signs in.

use super::{DESKTOP, Dev, ENTER, Page, TAB};
use serde_json::json;

/// Signs in by the first number.
async fn sign_in(page: &Page) {
    page.click("#number-form .go").await;
    page.click("#texts > :last-child button").await;
    page.click("#code-form .go").await;
    page.text("#done:not([hidden])").await;
}

#[tokio::test]
async fn whoever_is_signed_in_links_a_second_number_and_signs_in_by_it() {
    let Some(dev) = Dev::start(&[]) else { return };
    let page = dev.page(DESKTOP).await;
    sign_in(&page).await;
    let user = page.text("#session dd:nth-of-type(3)").await;
    page.click("#link-form button").await;
    page.click("#texts > :last-child button").await;
    assert_eq!(page.value_of("document.activeElement.innerText").await, "Link");
    page.press(ENTER).await;
    while !page.text("#session").await.contains("+12025550199") {}
    page.click("#sign-out").await;
    page.text("#number-form:not([hidden])").await;
    page.value_of("document.getElementById('number').select()").await;
    page.press(&format!("+12025550199{ENTER}")).await;
    page.click("#texts > :last-child button").await;
    page.click("#code-form .go").await;
    page.text("#done:not([hidden])").await;
    assert_eq!(page.text("#session dd:nth-of-type(3)").await, user);
    assert_eq!(page.complaints().await, [""; 0]);
}

#[tokio::test]
async fn a_number_is_linked_with_the_keyboard_alone_and_a_wrong_code_is_explained_where_it_was_typed() {
    let Some(dev) = Dev::start(&[]) else { return };
    let page = dev.page(DESKTOP).await;
    sign_in(&page).await;
    // From the heading over signing out to the field, which holds a number already.
    page.press(&[TAB, TAB, ENTER].concat()).await;
    page.text("#link-code-form:not([hidden])").await;
    let code = page.text("#texts > :last-child button").await;
    let wrong = if code == "000000" { "111111" } else { "000000" };
    page.press(&format!("{wrong}{ENTER}")).await;
    assert!(page.text("#link-code-error:not(:empty)").await.contains("Two tries left"));
    page.press(&format!("{code}{ENTER}")).await;
    while !page.text("#session").await.contains("+12025550199") {}
}

#[tokio::test]
async fn a_number_that_somebody_has_is_not_linked() {
    let Some(dev) = Dev::start(&[]) else { return };
    dev.api("POST", "users", json!({ "email": "ada@example.com", "phone_number": "+12025550199" })).await;
    let page = dev.page(DESKTOP).await;
    sign_in(&page).await;
    page.click("#link-form button").await;
    page.click("#texts > :last-child button").await;
    page.press(ENTER).await;
    assert_eq!(page.text("#link-code-error:not(:empty)").await, "Somebody has this number already.");
}
