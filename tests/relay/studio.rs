//! `neon-sms-relay studio` beside a server: what the one writes is what the other reads.

use crate::events_command::Scene;
use crate::harness::NUMBER;
use crate::process::{RelayProcess, command};
use crate::twilio::Twilio;
use reqwest::header::{COOKIE, SET_COOKIE};
use sms_providers::client::http_client;

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_sends_is_seen_and_counted_while_it_runs() {
    let scene = Scene::new(Twilio::that_accepts().await).await;
    let id = scene.asks_for_a_code(NUMBER).await;
    scene.verifies(NUMBER).await;

    let folder = tempfile::tempdir().unwrap();
    let vars = [("STORE_URL", &scene.store_url)];
    let studio = RelayProcess::spawn(command(folder.path(), &["studio", "--port", "0"], &vars), folder);
    let line = studio.wait_for_line("Studio: ");
    let (origin, token) = line.trim_start_matches("Studio: ").split_once("/?token=").unwrap();
    let http = http_client().unwrap();
    let welcome = http.get(format!("{origin}/?token={token}")).send().await.unwrap();
    let cookie = welcome.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let page = async |path: &str| {
        let request = http.get(format!("{origin}{path}")).header(COOKIE, &cookie);
        request.send().await.unwrap().text().await.unwrap()
    };
    let mut list = String::new();
    while !list.contains("…67") {
        list = page("/deliveries?region=US&vendor=twilio&state=verified").await;
    }
    let reference = list.split_once("href=\"/deliveries/").unwrap().1.split('"').next().unwrap().to_owned();
    let told = page(&format!("/deliveries/{reference}")).await;
    assert!(told.contains(&id) && told.contains("The user typed the code"), "{told}");
    // Servers tell their counts once a second.
    let mut health = String::new();
    while !health.contains("1 texted") || !health.contains("<b>100 %</b>") {
        health = page("/").await;
    }
}
