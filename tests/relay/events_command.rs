//! `neon-sms-relay events`, beside the running server.

use crate::harness::{CODE, ENDPOINT, NUMBER, Start, TestRelay, event, otp};
use crate::postgres_server::PostgresServer;
use crate::process::run;
use crate::twilio::Twilio;
use serde_json::{Value, json};
use tempfile::TempDir;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

pub const OTHER_NUMBER: &str = "+15557654321";

/// A server that sends through Twilio, and through Vonage if Twilio cannot.
pub struct Scene {
    pub folder: TempDir,
    pub store_url: String,
    twilio: Twilio,
    _vonage: MockServer,
    relay: TestRelay,
}

impl Scene {
    pub async fn new(twilio: Twilio) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store_url = format!("sqlite://{}/relay.db", folder.path().display());
        Self::with(twilio, folder, store_url, &[]).await
    }

    async fn with(twilio: Twilio, folder: TempDir, store_url: String, vars: &[(&'static str, &str)]) -> Self {
        let vonage = MockServer::start().await;
        let taken = json!({"message-count": "1", "messages":
            [{"status": "0", "message-id": "0A01", "message-price": "0.0333"}]});
        Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(taken)).mount(&vonage).await;
        let mut all = twilio.vars();
        all.retain(|(name, _)| *name != "SMS_PROVIDER");
        all.extend([
            ("SMS_PROVIDER", "twilio,vonage".to_owned()),
            ("VONAGE_API", "sms".to_owned()),
            ("VONAGE_API_KEY", "abcd1234".to_owned()),
            ("VONAGE_API_SECRET", "api-secret".to_owned()),
            ("VONAGE_FROM", "Acme".to_owned()),
            ("VONAGE_BASE_URL", vonage.uri()),
            ("STORE_URL", store_url.clone()),
        ]);
        all.extend(vars.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let relay =
            TestRelay::with(Start { vars: all, configured_providers: true, ..Start::default() }).await;
        Self { folder, store_url, twilio, _vonage: vonage, relay }
    }

    /// Asks for a code for this number; returns the id of the event.
    pub async fn asks_for_a_code(&self, number: &str) -> String {
        let body = otp(|body| body["user"]["phone_number"] = json!(number));
        self.relay.deliver(&body).await;
        body["event_id"].as_str().unwrap().to_owned()
    }

    pub async fn verifies(&self, number: &str) {
        let mut body = event("phone_number.verified");
        body["user"]["phone_number"] = json!(number);
        assert_eq!(self.relay.deliver(&body).await.status, 200);
    }

    /// Runs `events` with these arguments; returns its exit code and both of its outputs.
    fn events(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let arguments = [&["events"], arguments].concat();
        let output = run(self.folder.path(), &arguments, &[("STORE_URL", &self.store_url)]);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        for secret in [&NUMBER[2..], &OTHER_NUMBER[2..], CODE] {
            assert!(!stdout.contains(secret) && !stderr.contains(secret), "{secret} in: {stdout}{stderr}");
        }
        (output.status.code(), stdout, stderr)
    }

    /// The events of these arguments, as programs read them.
    fn told(&self, arguments: &[&str]) -> Vec<Value> {
        let (code, stdout, stderr) = self.events(arguments);
        assert_eq!(code, Some(0), "{stderr}");
        stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn show(&self, id: &str) -> Value {
        self.told(&["show", "--json", id]).remove(0)
    }

    fn ids(&self, arguments: &[&str]) -> Vec<String> {
        let arguments = [arguments, &["--json"]].concat();
        self.told(&arguments).iter().map(|told| told["event_id"].as_str().unwrap().to_owned()).collect()
    }

    fn change(&self, statement: &str) {
        let file = rusqlite::Connection::open(self.folder.path().join("relay.db")).unwrap();
        file.busy_timeout(std::time::Duration::from_secs(60)).unwrap();
        assert_eq!(file.execute(statement, []).unwrap(), 1, "{statement}");
    }
}

/// Takes a number or a text that differs with each run out of an event, and leaves a word of what it was.
fn taken_out(told: &mut Value, pointer: &str) -> Value {
    let value = told.pointer_mut(pointer).unwrap();
    let kind = if value.is_u64() { "number" } else { "text" };
    std::mem::replace(value, json!(kind))
}

async fn the_way_of_a_code_is_told(scene: Scene) {
    let id = scene.asks_for_a_code(NUMBER).await;
    let mut told = scene.show(&id);
    assert_eq!(told, scene.told(&["--json"])[0]);
    let time = taken_out(&mut told, "/time");
    assert!(time.as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{time}");
    let reference = taken_out(&mut told, "/texts/0/ref");
    let reference = reference.as_str().unwrap().strip_suffix("-1").unwrap().to_owned();
    taken_out(&mut told, "/texts/0/ms");
    let expected = json!({
        "time": "text",
        "event_id": id,
        "event": "send.otp",
        "endpoint": ENDPOINT,
        "number": "…67",
        "region": "US",
        "linked": false,
        "decision": null,
        "reply": {"status": 200},
        "texts": [{
            "ref": "text", "provider": "twilio", "message_id": "SM11111111111111111111111111111111",
            "verdict": "accepted", "code": null, "status": "accepted", "status_code": null, "ms": "number",
            "price": null,
        }],
        "verified_ms": null,
    });
    assert_eq!(told, expected);

    let failed = [("MessageStatus", "undelivered"), ("ErrorCode", "30006")];
    let path = scene.twilio.report_path().await;
    assert_eq!(scene.twilio.reports(&scene.relay.url, &path, &failed).await, 204);
    while scene.show(&id)["texts"].as_array().unwrap().len() < 2 {}
    scene.verifies(NUMBER).await;
    while scene.show(&id)["verified_ms"].is_null() {}
    let mut told = scene.show(&id);
    assert!(taken_out(&mut told, "/verified_ms").is_u64());
    assert_eq!(
        (&told["texts"][0]["status"], &told["texts"][0]["status_code"]),
        (&json!("undelivered"), &json!("30006"))
    );
    taken_out(&mut told, "/texts/1/ms");
    let expected = json!({
        "ref": format!("{reference}-2"), "provider": "vonage", "message_id": "0A01", "verdict": "accepted",
        "code": null, "status": "verified", "status_code": null, "ms": "number",
        "price": {"amount": "0.0333", "currency": "EUR"},
    });
    assert_eq!(told["texts"][1], expected);

    let (_, lines, _) = scene.events(&[]);
    let line = lines.lines().find(|line| line.contains(&id)).unwrap();
    for words in ["send.otp", "…67", "US", "in, ", "twilio undelivered 30006 ", ", vonage verified "] {
        assert!(line.contains(words), "{words} in: {lines}");
    }
    let (_, timeline, _) = scene.events(&["show", &id]);
    let reports = "text 1: twilio reports undelivered, code 30006 (";
    for words in ["…67, US", "accepted by twilio", reports, "text 2: vonage accepted", "0.0333 EUR"] {
        assert!(timeline.contains(words), "{words} in: {timeline}");
    }
    let (sent, typed) =
        (timeline.find("text 2: vonage").unwrap(), timeline.find("the user typed the code").unwrap());
    assert!(timeline.find(reports).unwrap() < sent && sent < typed, "{timeline}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_of_a_code_is_told_from_a_file() {
    the_way_of_a_code_is_told(Scene::new(Twilio::that_accepts().await).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_of_a_code_is_told_from_postgresql() {
    if std::env::var_os("TEST_SKIP_POSTGRES").is_some() {
        return;
    }
    let server = PostgresServer::start();
    let (twilio, folder) = (Twilio::that_accepts().await, tempfile::tempdir().unwrap());
    the_way_of_a_code_is_told(Scene::with(twilio, folder, server.url(), &[]).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_another_vendor_took_shows_why_the_first_did_not() {
    let scene = Scene::new(Twilio::that_refuses(400, 21408).await).await;
    let id = scene.asks_for_a_code(NUMBER).await;
    let told = scene.show(&id);
    let first = &told["texts"][0];
    assert_eq!((&first["verdict"], &first["code"]), (&json!("unreachable"), &json!("21408")));
    assert_eq!((&first["status"], &first["message_id"]), (&Value::Null, &Value::Null));
    assert_eq!(told["texts"][1]["provider"], "vonage");
    assert_eq!(scene.ids(&["--failed"]), [""; 0], "it was taken in the end");
    let (_, timeline, _) = scene.events(&["show", &id]);
    assert!(timeline.contains("twilio unreachable after") && timeline.contains("code 21408 ("), "{timeline}");
    assert!(timeline.contains("→ "), "what to do about it: {timeline}");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_found_by_how_they_ended() {
    let scene = Scene::new(Twilio::that_refuses(400, 21610).await).await;
    let failed = scene.asks_for_a_code(NUMBER).await;
    assert_eq!(scene.ids(&["--failed"]), [failed.as_str()]);
    assert_eq!(scene.show(&failed)["reply"], json!({"status": 422, "error": "opted_out"}));
    assert!(scene.events(&[]).1.contains("twilio opted_out 21610 "), "{}", scene.events(&[]).1);
    for other in ["--unverified", "--refused"] {
        assert_eq!(scene.ids(&[other]), [""; 0], "{other}");
        assert_eq!(scene.events(&[other]).1, "No such event in the store.\n");
    }
    let decision = r#"{"outcome":"refused","rules":["number_pause"]}"#;
    scene.change(&format!("UPDATE deliveries SET decision = '{decision}', refused_by = 'number_pause'"));
    scene.change("DELETE FROM texts");
    assert_eq!(scene.ids(&["--refused"]), [failed.as_str()]);
    assert_eq!(scene.show(&failed)["decision"], serde_json::from_str::<Value>(decision).unwrap());
    assert_eq!(scene.ids(&["--failed"]), [""; 0], "nobody wanted to send it");

    let scene = Scene::new(Twilio::that_accepts().await).await;
    let forgotten = scene.asks_for_a_code(NUMBER).await;
    assert_eq!(scene.ids(&["--unverified"]), [""; 0], "it may still be typed");
    assert!(scene.events(&[]).1.contains("  waiting  "));
    scene.change("UPDATE deliveries SET expires_at = 1");
    assert_eq!(scene.ids(&["--unverified"]), [forgotten.as_str()]);
    assert!(scene.events(&["--unverified"]).1.contains("  not in  "));
    assert_eq!(scene.events(&["--failed", "--unverified"]).0, Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_found_by_their_number_and_their_time() {
    let scene = Scene::new(Twilio::that_accepts().await).await;
    let (mine, other) = (scene.asks_for_a_code(NUMBER).await, scene.asks_for_a_code(OTHER_NUMBER).await);
    assert_eq!(scene.ids(&["--number", NUMBER]), [mine.as_str()]);
    assert_eq!(scene.ids(&["--number", "+15550000000"]), [""; 0]);
    for since in ["1h", "7d", "2026-01-01T00:00:00Z"] {
        assert_eq!(scene.ids(&["--since", since]), [mine.as_str(), &other], "{since}");
    }
    assert_eq!(scene.ids(&["--since", "2126-01-01T00:00:00Z"]), [""; 0]);
    assert_eq!(scene.ids(&["--limit", "1"]), [other.as_str()], "the latest");
    assert_eq!(scene.ids(&["--limit", "1", "--since", "1h"]), [other.as_str()]);
    assert_eq!(scene.events(&["--since", "yesterday"]).0, Some(2));
    for wrong in ["5551234567", "+1555", "+99915551234567", "+1 555 tel 1234567"] {
        let (code, stdout, stderr) = scene.events(&["--number", wrong]);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{wrong}");
        assert!(stderr.contains("--number") && !stderr.contains(wrong), "{stderr}");
    }
    let (code, _, stderr) = scene.events(&["show", "nobody"]);
    assert!(code == Some(1) && stderr.contains("no such event"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_found_under_the_key_that_the_server_was_given() {
    let (twilio, folder) = (Twilio::that_accepts().await, tempfile::tempdir().unwrap());
    let store_url = format!("sqlite://{}/relay.db", folder.path().display());
    let key = ("HASH_KEY", "sixteen letters or more");
    let scene = Scene::with(twilio, folder, store_url, &[key]).await;
    let id = scene.asks_for_a_code(NUMBER).await;
    let (code, _, stderr) = scene.events(&["--number", NUMBER]);
    assert!(code == Some(1) && stderr.contains("HASH_KEY"), "{code:?} {stderr}");
    let vars = [("STORE_URL", scene.store_url.as_str()), key];
    let output = run(scene.folder.path(), &["events", "--number", NUMBER], &vars);
    assert!(String::from_utf8(output.stdout).unwrap().contains(&id));
}

#[test]
fn a_store_that_cannot_be_looked_into_is_told_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/relay.db", folder.path().display());
    for (vars, words) in [
        (&[("STORE_URL", "memory:")][..], "memory:"),
        (&[("STORE_URL", url.as_str())], "does not exist"),
        (&[], "neon-sms-relay.db, which does not exist"),
    ] {
        for arguments in [&["events"][..], &["events", "--follow"], &["events", "show", "a"]] {
            let output = run(folder.path(), arguments, vars);
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{stderr}");
            assert!(stderr.contains(words), "{stderr}");
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let earlier = folder.path().join("relay.db");
    rusqlite::Connection::open(&earlier).unwrap().execute("CREATE TABLE a (b)", []).unwrap();
    let bytes = std::fs::read(&earlier).unwrap();
    let output = run(folder.path(), &["events"], &[("STORE_URL", url.as_str())]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("no server of this version has used yet"), "{stderr}");
    assert_eq!(std::fs::read(&earlier).unwrap(), bytes);
}
