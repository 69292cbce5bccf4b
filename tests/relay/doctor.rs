//! `neon-sms-relay doctor`: what is right, what is broken, and never a secret.

use crate::harness::{Signer, serve_keys};
use crate::process::run;
use neon_sms_relay::domain::{EventId, Reply, Timestamp};
use neon_sms_relay::store::sqlite::SqliteStore;
use neon_sms_relay::store::{Claim, DeliveryStore, NewDelivery, NewItem, Next, Outbox, Outcome, Whose};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use wiremock::matchers::{any, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

pub const JWKS: &str = "/neondb/auth/.well-known/jwks.json";
const TWILIO: &str = "/2010-04-01/Accounts/ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.json";
pub const WEBHOOK: &str = "/projects/p-1/branches/br-a/auth/webhooks";
const PHONE_NUMBER: &str = "/projects/p-1/branches/br-a/auth/plugins/phone-number";
/// Every credential is this.
const SECRET: &str = "s3cret";

/// Everything that a relay has around it, as one server, and an empty folder to run in.
pub struct World {
    server: MockServer,
    pub folder: TempDir,
}

impl World {
    /// All is well.
    pub async fn start() -> Self {
        let world = Self { server: MockServer::start().await, folder: tempfile::tempdir().unwrap() };
        serve_keys(&world.server, json_reply(200, Signer::new().jwks())).await;
        let account = json!({"status": "active", "auth_token": SECRET});
        let plugin = json!({"enabled": true, "otp_expires_in": 300});
        for (at, document) in [(TWILIO, account), (WEBHOOK, world.webhook(|_| {})), (PHONE_NUMBER, plugin)] {
            Mock::given(path(at)).respond_with(json_reply(200, document)).mount(&world.server).await;
        }
        // The relay itself, and the user's app, which takes no HEAD.
        Mock::given(path("/livez")).respond_with(ResponseTemplate::new(200)).mount(&world.server).await;
        Mock::given(any()).respond_with(ResponseTemplate::new(405)).mount(&world.server).await;
        world
    }

    pub fn webhook(&self, change: impl FnOnce(&mut Value)) -> Value {
        let url = format!("{}/webhooks/neon-auth", self.server.uri());
        let mut webhook = json!({
            "enabled": true, "webhook_url": url, "enabled_events": ["send.otp", "phone_number.verified"],
            "timeout_seconds": 5,
        });
        change(&mut webhook);
        webhook
    }

    /// From now on this is answered there.
    pub async fn breaks(&self, at: &str, reply: ResponseTemplate) {
        Mock::given(path(at)).respond_with(reply).with_priority(1).mount(&self.server).await;
    }

    /// Runs the command with `more` over the variables of a whole configuration; an empty one unsets.
    pub fn doctor(&self, more: &[(&str, &str)]) -> (Option<i32>, String) {
        let (uri, forward) = (self.server.uri(), format!("{}/hook?key={SECRET}", self.server.uri()));
        let auth_url = format!("{uri}/neondb/auth");
        let mut vars = vec![
            ("NEON_AUTH_URL", auth_url.as_str()),
            ("SMS_PROVIDER", "twilio"),
            ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            ("TWILIO_AUTH_TOKEN", SECRET),
            ("TWILIO_FROM_NUMBER", "+15005550006"),
            ("TWILIO_BASE_URL", &uri),
            ("NEON_API_KEY", SECRET),
            ("NEON_PROJECT_ID", "p-1"),
            ("NEON_BRANCH_ID", "br-a"),
            ("NEON_API_BASE_URL", &uri),
            ("PUBLIC_URL", &uri),
            ("FORWARD_URL", &forward),
        ];
        vars.extend(more);
        doctor(self.folder.path(), &vars)
    }
}

pub fn json_reply(status: u16, document: Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(document)
}

/// The exit code and the table; nothing is written beside it, and no secret in it.
fn doctor(folder: &Path, vars: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = run(folder, &["doctor"], vars);
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert!(!table.contains(SECRET), "{table}");
    (output.status.code(), table)
}

/// The names in the lines of this status.
pub fn names<'a>(table: &'a str, status: &str) -> Vec<&'a str> {
    let lines = table.lines().filter_map(|line| line.strip_prefix(&format!("{status:<4}  ")));
    lines.map(|line| line.split("  ").next().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_good_is_told_line_by_line_and_nothing_is_sent_or_made() {
    let world = World::start().await;
    let (code, table) = world.doctor(&[]);
    let good = [
        "variables",
        "keys",
        "clock",
        "twilio",
        "order",
        "store",
        "public url",
        "FORWARD_URL",
        "neon webhook",
        "neon events",
        "neon timeout",
        "neon phone-number",
    ];
    assert_eq!((code, names(&table, "ok")), (Some(0), good.to_vec()), "{table}");
    assert_eq!(table.lines().count(), good.len(), "{table}");
    assert!(table.contains("1 usable at") && table.contains("answers, with 405 to HEAD"), "{table}");
    assert!(table.contains("the file neon-sms-relay.db is not there yet"), "{table}");
    assert_eq!(std::fs::read_dir(world.folder.path()).unwrap().count(), 0);
    for request in world.server.received_requests().await.unwrap() {
        assert!(["GET", "HEAD"].contains(&request.method.as_str()), "{request:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_broken_thing_is_named_and_fails() {
    let of = |world: &World, change: fn(&mut Value)| json_reply(200, world.webhook(change));
    let world = World::start().await;
    let refused = include_str!("../../fixtures/twilio/bad_credentials.json");
    let said = |status| ResponseTemplate::new(status).set_body_string(format!("{SECRET} is wrong"));
    for (at, reply, name, words) in [
        (JWKS, said(404), "keys", "it answers with 404: its status is not 200; check NEON_AUTH_URL"),
        (JWKS, json_reply(200, json!({"keys": []})), "keys", "holds no Ed25519 key"),
        (
            TWILIO,
            ResponseTemplate::new(401).set_body_string(refused),
            "twilio",
            "(HTTP 401, vendor code 20003)",
        ),
        (TWILIO, said(200), "twilio", "no answer that is understood (HTTP 200)"),
        (WEBHOOK, of(&world, |webhook| webhook["enabled"] = json!(false)), "neon webhook", "is disabled"),
        (WEBHOOK, of(&world, |webhook| webhook["webhook_url"] = Value::Null), "neon webhook", "has no URL"),
        (
            WEBHOOK,
            of(&world, |webhook| webhook["webhook_url"] = json!("https://u:s3cret@x.example/api/auth")),
            "neon webhook",
            "Neon calls https://x.example/api/auth, and",
        ),
        (
            WEBHOOK,
            of(&world, |webhook| {
                webhook["enabled_events"] = json!(["user.created", "phone_number.verified"])
            }),
            "neon events",
            "send.otp is not enabled, so no code arrives here; `neon-sms-relay neon webhook set --events user.created,phone_number.verified,send.otp`",
        ),
        (WEBHOOK, said(403), "neon webhook", "refuses NEON_API_KEY"),
        (PHONE_NUMBER, json_reply(200, json!({"enabled": false})), "neon phone-number", "is disabled"),
        (PHONE_NUMBER, said(404), "neon phone-number", "NEON_BRANCH_ID"),
    ] {
        let world = World::start().await;
        world.breaks(at, reply).await;
        let (code, table) = world.doctor(&[]);
        assert_eq!((code, names(&table, "FAIL")), (Some(1), vec![name]), "{table}");
        assert!(table.contains(words), "{words} in: {table}");
    }
    for (vars, names_of_failures, words) in [
        (("STORE_URL", "sqlite://not/there/relay.db"), ["store"], "the folder of not/there/relay.db"),
        (("STORE_URL", "sqlite://"), ["STORE_URL"], "names no file"),
        (("TWILIO_BASE_URL", "http://127.0.0.1:1"), ["twilio"], "TWILIO_BASE_URL"),
        (("STORE_URL", "postgres://relay:s3cret@127.0.0.1:1/relay"), ["store"], "it refuses the connection"),
    ] {
        let (code, table) = world.doctor(&[vars]);
        assert_eq!((code, names(&table, "FAIL")), (Some(1), names_of_failures.to_vec()), "{table}");
        assert!(table.contains(words), "{words} in: {table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_works_and_deserves_a_look_is_warned_about_and_does_not_fail() {
    let world = World::start().await;
    let webhook = world.webhook(|webhook| {
        let events = ["send.otp", "phone_number.verified", "send.magic_link", "passkey.created"];
        webhook["enabled_events"] = json!(events);
        webhook["timeout_seconds"] = json!(8);
    });
    world.breaks(WEBHOOK, json_reply(200, webhook)).await;
    let (code, table) = world.doctor(&[
        ("SMS_PROVIDER", "log"),
        ("ALLOW_LOG_PROVIDER", "1"),
        ("FORWARD_URL", ""),
        ("PUBLIC_URL", "http://127.0.0.1:1"),
    ]);
    assert_eq!(code, Some(0), "{table}");
    let expected = [
        "variables",
        "log",
        "public url",
        "neon webhook",
        "neon events",
        "neon events",
        "neon events",
        "neon timeout",
    ];
    assert_eq!(names(&table, "warn"), expected, "{table}");
    assert_eq!(names(&table, "skip"), ["FORWARD_URL"], "{table}");
    for words in ["NEON_TIMEOUT_SECONDS=8", "passkey.created: ", "send.magic_link: ", "TWILIO_… is set"] {
        assert!(table.contains(words), "{words} in: {table}");
    }

    let forward =
        [("FORWARD_URL", "http://u:s3cret@127.0.0.1:1/s3cret"), ("FORWARD_URL_EP_A_1", "http://127.0.0.1:1")];
    let (code, table) = World::start().await.doctor(&forward);
    assert_eq!(code, Some(0), "{table}");
    assert_eq!(names(&table, "warn"), ["FORWARD_URL", "FORWARD_URL_EP_A_1"], "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_url_that_the_relay_serves_all_the_same_is_no_fault() {
    for path in ["/webhooks/neon-auth/", "//webhooks/neon-auth", "/Webhooks/Neon-Auth"] {
        let world = World::start().await;
        let document = world.webhook(|webhook| webhook["webhook_url"] = json!(world.server.uri() + path));
        world.breaks(WEBHOOK, json_reply(200, document)).await;
        let (code, table) = world.doctor(&[]);
        assert_eq!((code, names(&table, "warn")), (Some(0), vec![]), "{path}: {table}");
        assert!(names(&table, "ok").contains(&"neon webhook"), "{path}: {table}");
    }
}

#[test]
fn every_fault_of_the_variables_is_a_line_and_what_needs_them_is_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let vars =
        [("SMS_PROVIDER", "log"), ("ALLOW_LOG_PROVIDER", "1"), ("PORT", SECRET), ("PUBLIC_URL", SECRET)];
    let (code, table) = doctor(folder.path(), &vars);
    assert_eq!(code, Some(1));
    let mut failures = names(&table, "FAIL");
    failures.sort_unstable();
    assert_eq!(failures, ["NEON_AUTH_URL", "PORT", "PUBLIC_URL"], "{table}");
    assert_eq!(
        names(&table, "skip"),
        ["keys", "clock", "order", "public url", "FORWARD_URL", "neon webhook"],
        "{table}"
    );
    // These need none of the variables that are wrong.
    assert_eq!((names(&table, "warn"), names(&table, "ok")), (vec!["log"], vec!["store"]), "{table}");

    std::fs::write(folder.path().join(".env"), "NEON_AUTH_URL=s3cret s3cret s3cret\n").unwrap();
    let (code, table) = doctor(folder.path(), &vars);
    assert_eq!((code, names(&table, "FAIL")), (Some(1), vec![".env"]), "{table}");
    assert_eq!(names(&table, "skip").len(), 8, "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_were_given_up_are_told_with_the_way_to_them() {
    let world = World::start().await;
    give_one_up(&world.folder.path().join("neon-sms-relay.db")).await;
    let (code, table) = world.doctor(&[]);
    assert_eq!((code, names(&table, "warn")), (Some(0), vec!["outbox"]), "{table}");
    assert!(table.contains("1 event(s)") && table.contains("neon-sms-relay outbox list"), "{table}");
    assert!(names(&table, "ok").contains(&"store"), "{table}");
}

async fn give_one_up(file: &Path) {
    let (store, now) = (SqliteStore::open(file.into()).unwrap(), Timestamp::from_millis(1_770_000_000_000));
    let lease = Duration::from_secs(4);
    let id = EventId::new("a").unwrap();
    let delivery = NewDelivery::new(id, "user.created");
    let Claim::Acquired(owned) = store.claim(&delivery, now, lease).await.unwrap() else {
        panic!("not ours")
    };
    let queued = NewItem {
        event_type: "user.created".into(),
        endpoint: None,
        lane: "user".into(),
        sealed: b"sealed".to_vec(),
        queued_at: now,
        give_up_at: now.plus(lease),
    };
    let outcome = Outcome { queued: Some(queued), ..Outcome::of(Reply::Done(None)) };
    store.finish(owned, &outcome, now).await.unwrap();
    let taken = store.take_due(now, lease, 1, Whose::default()).await.unwrap();
    store.failed(&taken.items[0], "it answered with 500", Next::Dead(now)).await.unwrap();
}

#[test]
fn wrong_arguments_are_told_apart_from_what_fails() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path(), &["doctor", "--fast"], &[]).status.code(), Some(2));
}
