//! The development page and the operator's in a real browser (Debian's chromium), with `neon-sms-relay dev` or `studio`
//! behind it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that meets the unexpected should stop there"
)]

mod accessibility;
mod codes;
mod driver;
mod faults;
mod second_number;
mod sifting;
mod studio;
#[path = "../studio_day/mod.rs"]
mod studio_day;

use driver::{ENTER, Listening, Page, TAB};
use serde_json::{Value, json};
use sms_providers::client::http_client;
use std::process::Command;
use tempfile::TempDir;

const DESKTOP: (u32, u32) = (1360, 900);
const MOBILE: (u32, u32) = (320, 640);

struct Dev {
    server: Listening,
    _folder: TempDir,
}

impl Dev {
    /// Starts the command on free ports; `None` if browser tests are to be left out.
    fn start(vars: &[(&str, &str)]) -> Option<Self> {
        if std::env::var_os("TEST_SKIP_BROWSER").is_some() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_neon-sms-relay"));
        command.arg("dev").current_dir(folder.path()).env_clear().env("PORT", "0").env("DEV_PORT", "0");
        let server = Listening::start(command.envs(vars.iter().copied()), "      http://localhost:");
        Some(Self { server, _folder: folder })
    }

    async fn page(&self, size: (u32, u32)) -> Page {
        let page = Page::open(&format!("http://localhost:{}", self.server.announced), size).await;
        page.text(".live.on").await;
        page
    }
}

impl Dev {
    /// What a test of an app's own does over the API.
    async fn api(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("http://localhost:{}dev/{path}", self.server.announced);
        let request = http_client().unwrap().request(method.parse().unwrap(), url).json(&body);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{method} {path}: {}", answer.status());
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or(Value::Null)
    }

    fn end(&mut self) {
        // Both fail if it has ended, which is what is wanted.
        let _ = self.server.child.kill();
        let _ = self.server.child.wait();
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        self.end();
    }
}

/// The newest code on the phone.
async fn code(page: &Page) -> String {
    page.text("#texts > :last-child button").await
}

#[tokio::test]
async fn a_newcomer_signs_in_with_the_keyboard_alone() {
    let Some(dev) = Dev::start(&[]) else { return };
    let page = dev.page(DESKTOP).await;
    // The link past the header, then the field behind it, which holds a number already.
    page.press(&[TAB, ENTER, TAB, ENTER].concat()).await;
    assert_eq!(page.text("#code-form:not([hidden]) #sent-to").await, "+12025550123");
    page.press(&format!("{}{ENTER}", code(&page).await)).await;
    assert_eq!(page.text("#done:not([hidden]) h3").await, "You are signed in");
    assert!(page.text("#session").await.contains("+12025550123"));
    assert_eq!(page.value_of("document.activeElement.innerText").await, "You are signed in");
    assert_eq!(page.complaints().await, [""; 0]);
}

#[tokio::test]
async fn a_session_outlives_a_reload_and_ends_on_demand() {
    let Some(dev) = Dev::start(&[]) else { return };
    let page = dev.page(DESKTOP).await;
    page.click("#number-form .go").await;
    page.click("#texts button").await;
    page.click("#code-form .go").await;
    page.text("#done:not([hidden])").await;
    page.reload().await;
    page.text("#done:not([hidden])").await;
    page.click("#sign-out").await;
    assert_eq!(page.text("#number-form:not([hidden]) h3").await, "Sign in");
}

#[tokio::test]
async fn a_wrong_number_and_a_wrong_code_are_explained_where_they_were_typed() {
    let Some(dev) = Dev::start(&[]) else { return };
    let page = dev.page(DESKTOP).await;
    page.value_of("document.getElementById('number').select()").await;
    page.press(&format!("555 1234{ENTER}")).await;
    assert!(page.text("#number-error:not(:empty)").await.contains("E.164"));
    assert_eq!(page.value_of("document.activeElement.id").await, "number");

    page.value_of("document.getElementById('number').select()").await;
    page.press(&format!("+12025550199{ENTER}")).await;
    let wrong = if code(&page).await == "000000" { "111111" } else { "000000" };
    page.text("#code-form:not([hidden])").await;
    page.press(&format!("{wrong}{ENTER}")).await;
    assert!(page.text("#code-error:not(:empty)").await.contains("Two tries left"));
    assert_eq!(page.value_of("document.getElementById('code').getAttribute('aria-invalid')").await, "true");
    assert_eq!(page.complaints().await, [""; 0]);
}

#[tokio::test]
async fn a_sample_event_is_listed_with_its_attempt_and_the_relays_answer() {
    let Some(dev) = Dev::start(&[]) else { return };
    let page = dev.page(DESKTOP).await;
    page.click("#samples button:nth-child(3)").await;
    page.click("#events .failed summary").await;
    assert_eq!(page.text("#events .name").await, "send.magic_link");
    assert!(page.text("#events .try").await.starts_with("#1 422"));
    assert!(page.text("#events .more").await.contains("no_delivery_channel"));
}

#[tokio::test]
async fn a_row_of_an_event_says_whom_it_is_about_by_which_channel_and_why_it_failed() {
    let Some(dev) = Dev::start(&[]) else { return };
    let page = dev.page(DESKTOP).await;
    page.click("#number-form .go").await;
    page.text("#events .delivered").await;
    assert_eq!(page.text("#events .about").await, "+12025550123 · sms");
    page.click("#samples button:nth-child(2)").await;
    assert_eq!(page.text("#events .failed .about").await, "ada@example.com · email");
    assert!(page.text("#events .failed .why").await.starts_with("no_delivery_channel: "));
    assert_eq!(page.value_of("document.querySelectorAll('#events .delivered .why').length").await, 0);
}

#[tokio::test]
async fn somebody_whose_sign_out_failed_is_not_told_that_it_worked() {
    let Some(mut dev) = Dev::start(&[]) else { return };
    let page = dev.page(DESKTOP).await;
    page.click("#number-form .go").await;
    page.click("#texts button").await;
    page.click("#code-form .go").await;
    page.text("#done:not([hidden])").await;
    dev.end();
    page.click("#sign-out").await;
    let said = page.text("#done:not([hidden]) .error:not(:empty)").await;
    assert!(said.contains("still signed in") && said.contains("does not answer"), "{said}");
}

#[tokio::test]
async fn a_text_never_becomes_markup() {
    let template = "<img src=x onerror=\"document.title='run'\"> {{ code }}";
    let Some(dev) = Dev::start(&[("SMS_TEMPLATE", template)]) else { return };
    let page = dev.page(DESKTOP).await;
    page.click("#number-form .go").await;
    let text = template.replace("{{ code }}", &code(&page).await);
    assert_eq!(page.text("#texts p").await, text);
    assert_eq!(page.value_of("document.images.length").await, 0);
}

#[tokio::test]
async fn on_a_phone_nothing_is_cut_off_and_the_code_is_offered_beside_its_field() {
    let Some(dev) = Dev::start(&[]) else { return };
    let page = dev.page(MOBILE).await;
    page.click("#number-form .go").await;
    page.click("#suggest").await;
    page.click("#code-form .go").await;
    page.text("#done:not([hidden])").await;
    page.text("#events .delivered").await;
    page.click("#link-form button").await;
    page.click("#link-suggest").await;
    page.click("#link-code-form [type=submit]").await;
    while !page.text("#session").await.contains("+12025550199") {}
    let sizes = page.value_of("[document.documentElement.scrollWidth, innerWidth]").await;
    assert_eq!(sizes, json!([MOBILE.0, MOBILE.0]));
}
