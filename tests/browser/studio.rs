//! The operator's page, on a bad day, for people with a keyboard alone, with little sight, or on a phone.

use super::studio_day::{self, KNOWN_NUMBER};
use super::{DESKTOP, ENTER, Listening, Page, TAB};
use neon_sms_relay::domain::{Clock, EventId, Reply, SystemClock};
use neon_sms_relay::store::{Claim, NewDelivery, Outcome, Store, open};
use serde_json::json;
use sms_providers::client::tls_config;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

const PHONE: (u32, u32) = (390, 844);
/// Enough that every kind of event, and more than one page of them, is there.
const EVENTS: usize = 1200;

struct Studio {
    server: Listening,
    store_url: String,
    _folder: TempDir,
}

impl Studio {
    /// Starts it over a bad day; `None` if browser tests are to be left out.
    async fn start(events: usize) -> Option<Self> {
        if std::env::var_os("TEST_SKIP_BROWSER").is_some() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let store_url = format!("sqlite://{}/relay.db", folder.path().display());
        let store = open(&store_url, tls_config().unwrap()).unwrap();
        studio_day::write(&*store, SystemClock.now(), events).await;
        let mut command = Command::new(env!("CARGO_BIN_EXE_neon-sms-relay"));
        command.args(["studio", "--port", "0"]).current_dir(folder.path()).env_clear();
        let server = Listening::start(command.env("STORE_URL", &store_url), "Studio: ");
        Some(Self { server, store_url, _folder: folder })
    }

    async fn page(&self, size: (u32, u32)) -> Page {
        let page = Page::open(&self.server.announced, size).await;
        page.text("h1").await;
        page
    }

    fn at(&self, path: &str) -> String {
        let origin = self.server.announced.split_once("/?token=").unwrap().0;
        format!("{origin}{path}")
    }
}

impl Drop for Studio {
    fn drop(&mut self) {
        // Both fail if it has ended, which is what is wanted.
        let _ = self.server.child.kill();
        let _ = self.server.child.wait();
    }
}

/// An event comes.
async fn one_more(store: &dyn Store) {
    let (new, now) = (NewDelivery::new(EventId::new("new").unwrap(), "send.otp"), SystemClock.now());
    let lease = Duration::from_secs(5);
    let Claim::Acquired(lease) = store.claim(&new, now, lease).await.unwrap() else { panic!("not acquired") };
    store.finish(lease, &Outcome::of(Reply::Done(None)), now).await.unwrap();
}

/// The pages to look at: each kind, full and empty.
async fn addresses(studio: &Studio, page: &Page) -> Vec<String> {
    let mut all: Vec<_> = [
        "/",
        "/deliveries",
        "/deliveries?state=failed",
        "/deliveries?region=FR&vendor=twilio",
        "/deliveries?region=XX",
        "/outbox",
        "/outbox/drop?which=dead",
        "/limits",
    ]
    .map(|path| studio.at(path))
    .into();
    for list in ["region=NG&vendor=messagebird&state=verified", "state=refused", "state=failed"] {
        page.go(&studio.at(&format!("/deliveries?{list}"))).await;
        let first = page.value_of("document.querySelector('.list .when a').href").await;
        all.push(first.as_str().unwrap().to_owned());
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_shut_out_of_any_page_in_any_scheme_or_size() {
    let Some(studio) = Studio::start(EVENTS).await else { return };
    for (size, scheme) in [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark")] {
        let page = studio.page(size).await;
        page.prefer(scheme).await;
        for address in addresses(&studio, &page).await {
            page.go(&address).await;
            page.value_of("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
                .await;
            assert_eq!(page.barriers().await, [""; 0], "{size:?} {scheme} {address}");
            let width = page.value_of("[document.documentElement.scrollWidth, innerWidth]").await;
            assert_eq!(width, json!([size.0, size.0]), "nothing is cut off: {scheme} {address}");
            assert_eq!(page.complaints().await, [""; 0], "{address}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_without_a_mouse_finds_a_delivery_and_drops_what_was_given_up() {
    let Some(studio) = Studio::start(400).await else { return };
    let page = studio.page(DESKTOP).await;
    // Past the header with the first link, and from there to the list that the first thing that is wrong points to.
    page.press(&[TAB, ENTER, TAB, ENTER].concat()).await;
    assert_eq!(page.text("main h1").await, "Outbox");
    let focus = "document.activeElement.innerText";
    page.press(&[TAB, ENTER].concat()).await;
    for _ in 0..30 {
        if page.value_of(focus).await == "Drop what was given up" {
            break;
        }
        page.press(TAB).await;
    }
    assert_eq!(page.value_of(focus).await, "Drop what was given up");
    page.press(ENTER).await;
    assert!(page.text("form.ask button").await.contains("Drop for good"));
    for _ in 0..30 {
        if page.value_of(focus).await == "Drop for good" {
            break;
        }
        page.press(TAB).await;
    }
    page.press(ENTER).await;
    assert!(page.text(".done").await.contains("dropped."));
    let store = open(&studio.store_url, tls_config().unwrap()).unwrap();
    assert_eq!(store.counts().await.unwrap().dead, 0);

    page.value_of("document.getElementById('find').focus()").await;
    page.press(&format!("{KNOWN_NUMBER}{ENTER}")).await;
    page.text(".chip").await;
    page.value_of("document.querySelector('.list .when a').focus()").await;
    page.press(ENTER).await;
    page.text(".timeline").await;
    assert!(page.text("main h1").await.contains("…23"));
    assert!(!page.value_of("location.href").await.as_str().unwrap().contains("0123"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_is_shown_and_said_until_somebody_pauses_it() {
    let Some(studio) = Studio::start(60).await else { return };
    let page = studio.page(DESKTOP).await;
    page.go(&studio.at("/deliveries")).await;
    page.value_of("document.querySelector('.list .when a').focus()").await;
    let focused = page.value_of("document.activeElement.href").await;
    let store = open(&studio.store_url, tls_config().unwrap()).unwrap();
    one_more(&*store).await;
    while !page.text("#live").await.contains("One new delivery") {}
    assert_eq!(page.value_of("document.activeElement.href").await, focused, "the focus stays where it was");
    page.click("#pause").await;
    assert_eq!(page.text("#pause[aria-pressed=true]").await, "Pause live updates");
    assert_eq!(page.text("#live").await, "Paused.");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_pressed_is_large_enough_for_a_finger() {
    let Some(studio) = Studio::start(400).await else { return };
    let page = studio.page(PHONE).await;
    for address in addresses(&studio, &page).await {
        page.go(&address).await;
        let small = "[...document.querySelectorAll('button, input:not([type=hidden]), select, summary, nav a, .act a, .button')] \
                     .filter((target) => target.offsetParent && target.type !== 'checkbox') \
                     .filter((target) => target.offsetHeight < 24 || target.offsetWidth < 24) \
                     .map((target) => [target.innerText, target.offsetWidth, target.offsetHeight])";
        assert_eq!(page.value_of(small).await, json!([]), "{address}");
    }
}
