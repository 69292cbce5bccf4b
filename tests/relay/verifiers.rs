//! Whoever follows docs/forwarding.md can verify what reaches the app: programs in Node and Python that share nothing
//! with the relay say so.

use crate::app_stub::{AppStub, SECRET, header, status};
use crate::forwarding::email_code;
use crate::harness::{Start, TestRelay, event};
use neon_sms_relay::app::Parts;
use neon_sms_relay::domain::{Clock, ManualClock, SystemClock, Timestamp};
use serde_json::{Map, Value, json};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use wiremock::Request;

const INSTALL: &str = "./test installs it; or set TEST_SKIP_VERIFIERS=1 to leave these tests out";

/// Verifies Neon's own signature.
const NEONS: Program = Program { interpreter: "node", path: "fixtures/neon/jose/verify.mjs" };
/// Verify `Relay-Signature`.
const OURS: [Program; 2] = [
    Program { interpreter: "node", path: "fixtures/forward/verify.mjs" },
    Program { interpreter: "python3", path: "fixtures/forward/verify.py" },
];

struct Program {
    interpreter: &'static str,
    path: &'static str,
}

impl Program {
    /// What it says about a delivery.
    fn judge(&self, argument: &str, delivery: &Value) -> String {
        let (interpreter, path) = (self.interpreter, self.path);
        let mut command = Command::new(interpreter);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).arg(argument);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            command.spawn().unwrap_or_else(|error| panic!("{interpreter} does not run: {error}. {INSTALL}"));
        child.stdin.take().unwrap().write_all(delivery.to_string().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap().trim_end().to_owned();
        // One that breaks off ends with 1 as well, but has not said that it refuses.
        let expected = i32::from(said.starts_with("refused"));
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(expected), "{path} said: {said}\n{complaint}");
        said
    }
}

/// What reached the app, and the relay that it came from, whose Neon publishes the keys.
struct Delivery {
    relay: TestRelay,
    received: Request,
    verified: String,
}

impl Delivery {
    /// An event that was forwarded while Neon waited, so many seconds ago; `None` if verifiers are to be left out.
    async fn forwarded(age: i64) -> Option<Self> {
        if left_out() {
            return None;
        }
        let app = AppStub::answering(status(200)).await;
        let relay = app.relay_with(start_at(ago(age))).await;
        let body = email_code();
        let request = relay.signed_request(&relay.signer, ago(age), &awkward(&body));
        assert_eq!(request.send().await.unwrap().status(), 200);
        Some(Self { relay, received: app.requests().await.remove(0), verified: verified(&body) })
    }

    /// An event that has just been brought from an outbox where it waited so many seconds, also while nothing ran.
    async fn from_the_outbox(age: i64) -> Option<Self> {
        if left_out() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let vars = vec![("STORE_URL", format!("sqlite://{}/relay.db", folder.path().display()))];
        let (app, body) = (AppStub::answering(status(503)).await, event("user.created"));
        let first = app.relay_with(Start { vars: vars.clone(), ..start_at(ago(age)) }).await;
        let signer = first.signer.clone();
        let request = first.signed_request(&signer, ago(age), &awkward(&body));
        assert_eq!(request.send().await.unwrap().status(), 200);
        app.wait_for(1).await;
        first.stopped().await;

        app.answer(status(204)).await;
        let relay = app.relay_with(Start { vars, ..Start::default() }).await;
        relay.serve_keys_of(&signer).await;
        let received = app.wait_for(1).await.remove(0);
        assert_eq!(header(&received, "relay-attempt"), "2");
        Some(Self { relay, received, verified: verified(&body) })
    }

    /// What jose says about Neon's signature on this body.
    fn judge_neons(&self, body: &[u8]) -> String {
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/neon/jose/node_modules/jose");
        assert!(package.exists(), "{} is missing. {INSTALL}", package.display());
        let keys = format!("{}/neondb/auth/.well-known/jwks.json", self.relay.neon.uri());
        let names = self.received.headers.keys();
        let headers: Map<_, _> =
            names.map(|name| (name.to_string(), json!(header(&self.received, name.as_str())))).collect();
        NEONS.judge(&keys, &json!({"headers": headers, "body": std::str::from_utf8(body).unwrap()}))
    }

    /// The value of `Relay-Signature`.
    fn ours(&self) -> &str {
        header(&self.received, "relay-signature")
    }

    /// The body with one byte changed, in the address that a code goes to.
    fn tampered(&self) -> Vec<u8> {
        let body = String::from_utf8(self.received.body.clone()).unwrap();
        let changed = body.replace("a@example.com", "b@example.com");
        assert_ne!(changed, body);
        changed.into_bytes()
    }
}

fn left_out() -> bool {
    std::env::var_os("TEST_SKIP_VERIFIERS").is_some()
}

/// Holds both verifiers of `Relay-Signature` to one verdict.
fn assert_ours(verdict: &str, secret: &str, header: Option<&str>, body: &[u8]) {
    let delivery = json!({"header": header, "body": std::str::from_utf8(body).unwrap()});
    for program in OURS {
        assert_eq!(program.judge(secret, &delivery), verdict, "{} on {delivery}", program.path);
    }
}

fn ago(seconds: i64) -> Timestamp {
    Timestamp::from_millis(SystemClock.now().as_millis() - seconds * 1000)
}

fn start_at(time: Timestamp) -> Start {
    let parts = Parts { clock: Some(Arc::new(ManualClock::new(time))), ..Parts::default() };
    Start { parts, ..Start::default() }
}

/// A body that is another one after it has been parsed and written again.
fn awkward(body: &Value) -> Vec<u8> {
    format!("{{ \"é\" : \"\\u00e9 \u{1f511}\",\r\n{}", &body.to_string()[1..]).into_bytes()
}

/// What jose has to say if it verifies this.
fn verified(body: &Value) -> String {
    format!("verified: {} {}", body["event_type"].as_str().unwrap(), body["event_id"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_can_verify_neons_signature_while_neon_waits() {
    let Some(delivery) = Delivery::forwarded(0).await else { return };
    assert_eq!(delivery.judge_neons(&delivery.received.body), delivery.verified);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_can_verify_neons_signature_on_what_waited_in_the_outbox() {
    let Some(delivery) = Delivery::from_the_outbox(60).await else { return };
    assert_eq!(delivery.judge_neons(&delivery.received.body), delivery.verified);
}

#[tokio::test(flavor = "multi_thread")]
async fn neons_signature_does_not_hold_for_a_changed_byte() {
    for delivery in [Delivery::forwarded(0).await, Delivery::from_the_outbox(60).await].iter().flatten() {
        let said = delivery.judge_neons(&delivery.tampered());
        assert_eq!(said, "refused: signature verification failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_outbox_neons_timestamp_grows_old_and_ours_does_not() {
    let Some(delivery) = Delivery::from_the_outbox(360).await else { return };
    let body = &delivery.received.body;
    assert_eq!(delivery.judge_neons(body), "refused: the timestamp is not fresh");
    assert_ours("accepted", SECRET, Some(delivery.ours()), body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_can_verify_our_signature_in_node_and_in_python() {
    let Some(delivery) = Delivery::forwarded(0).await else { return };
    assert_ours("accepted", SECRET, Some(delivery.ours()), &delivery.received.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn our_signature_does_not_hold_for_a_changed_byte() {
    let Some(delivery) = Delivery::forwarded(0).await else { return };
    assert_ours("refused", SECRET, Some(delivery.ours()), &delivery.tampered());
}

#[tokio::test(flavor = "multi_thread")]
async fn our_signature_does_not_hold_for_another_secret() {
    let Some(delivery) = Delivery::forwarded(0).await else { return };
    assert_ours("refused", "another s3cret", Some(delivery.ours()), &delivery.received.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn our_signature_holds_for_five_minutes_before_and_after_its_time() {
    for (minutes, verdict) in [(-6, "refused"), (-4, "accepted"), (4, "accepted"), (6, "refused")] {
        let Some(delivery) = Delivery::forwarded(minutes * 60).await else { return };
        assert_ours(verdict, SECRET, Some(delivery.ours()), &delivery.received.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_signature_of_ours_is_refused_and_breaks_nothing() {
    let Some(delivery) = Delivery::forwarded(0).await else { return };
    let (whole, body) = (delivery.ours(), &delivery.received.body);
    let (time, signature) = whole.split_once(',').unwrap();
    let seconds = &time["t=".len()..];
    for malformed in [
        String::new(),
        "nonsense".to_owned(),
        time.to_owned(),
        signature.to_owned(),
        format!("{signature},{time}"),
        format!("t=,{signature}"),
        format!("t=soon,{signature}"),
        format!("t=-{seconds},{signature}"),
        format!("t={seconds}.0,{signature}"),
        format!("t={},{signature}", "9".repeat(5000)),
        format!("{time},v1="),
        format!("{time},v1={}", "é".repeat(64)),
        format!("{time},v1={}", "zz".repeat(32)),
        whole[..whole.len() - 1].to_owned(),
        format!("{whole}00"),
        format!("{whole}\n"),
        format!("{whole}, {whole}"),
    ] {
        assert_ours("refused", SECRET, Some(&malformed), body);
    }
    assert_ours("refused", SECRET, None, body);
}
