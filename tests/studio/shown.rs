//! What a bad day looks like.

use crate::opened::{Home, Studio, links, now};
use crate::studio_day;

async fn day() -> (Home, Studio) {
    let home = Home::new();
    studio_day::write(&*home.store(), now(), 1500).await;
    let studio = Studio::over(&home.url()).await;
    (home, studio)
}

/// The page of the first delivery of a list.
async fn first(studio: &Studio, list: &str) -> String {
    let page = studio.page(list).await;
    let link = links(&page).into_iter().find(|link| link.starts_with("/deliveries/"));
    studio.page(&link.unwrap_or_else(|| panic!("{list}: {page}"))).await
}

fn in_order(page: &str, words: &[&str]) {
    let mut rest = page;
    for words in words {
        rest = rest.split_once(words).unwrap_or_else(|| panic!("{words} is not in its place: {page}")).1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_says_first_what_is_wrong_and_what_to_do() {
    let (_home, studio) = day().await;
    let page = studio.page("/").await;
    in_order(
        &page,
        &[
            "things are wrong",
            "The app has not taken",
            "Look into the app behind FORWARD_URL",
            "Twilio loses",
            "30007",
            "check the wording",
            "The last hour",
            "Codes by the hour",
            "<svg",
            "As a table",
            "Verified, by region and vendor",
            "Time until the code was typed",
            "Spend",
            "Why texts failed",
            "21408",
            "the country is closed to this account",
            "Why codes were refused",
            "this country had enough unverified codes in the last hour",
        ],
    );
    for link in links(&page).iter().filter(|link| link.starts_with("/deliveries")) {
        studio.page(link).await;
    }
    let list = studio.page("/deliveries").await;
    assert!(list.contains("class=\"count bad\""), "each page says that something is wrong");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_of_a_code_that_was_sent_again_is_told_from_the_webhook_to_the_verification() {
    let (_home, studio) = day().await;
    let page = first(&studio, "/deliveries?region=NG&vendor=messagebird&state=verified").await;
    in_order(
        &page,
        &[
            "Verified</span>",
            "Neon sent the event; its signature held",
            "from ep-cool-sound-12345678",
            "Claimed",
            "Text 1 sent: Twilio did not take it",
            "code 21408: the country is closed to this account",
            "To do:",
            "Text 2 sent through the next vendor: Vonage took it",
            "Neon was answered 200: Vonage has it",
            "Text 2: Vonage reports undelivered",
            "sent again, since the text before failed: MessageBird took it",
            "The user typed the code",
            "all to this number",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_its_rules_and_a_code_that_nobody_knows_says_so() {
    let (_home, studio) = day().await;
    let page = first(&studio, "/deliveries?state=refused").await;
    let told =
        ["The limits refused it", "country_hour: this country had enough unverified codes in the last hour"];
    in_order(&page, &told);
    let health = studio.page("/").await;
    in_order(&health, &["Why texts failed", "4711", "a code that is not in our tables"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_looked_for_is_said_and_what_is_not_there_is_not_there() {
    let (home, studio) = day().await;
    for query in ["region=XX", "vendor=acme", "state=lost", "since=soon", "behind=1"] {
        assert_eq!(studio.get(&format!("/deliveries?{query}")).await.status(), 422, "{query}");
    }
    for path in ["/nowhere", "/deliveries/zz", "/deliveries/0123456789abcdef0123456789abcdef"] {
        assert_eq!(studio.get(path).await.status(), 404, "{path}");
    }
    let path = home.url().strip_prefix("sqlite://").unwrap().to_owned();
    for tail in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{path}{tail}"));
    }
    let gone = studio.get("/deliveries").await;
    assert_eq!(gone.status(), 503);
    assert!(gone.text().await.unwrap().contains("The store cannot be read"));
}
