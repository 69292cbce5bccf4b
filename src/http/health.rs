//! Whether the process runs, and whether it can do its work.

use super::delivery::Gate;
use crate::relay::Relay;
use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;
use std::time::Duration;
use tokio::sync::watch;

/// A load balancer waits little longer than this.
const STORE_TIMEOUT: Duration = Duration::from_secs(2);

const UNWELL: &str = "it has panicked, which is a bug, and was started again, or is about to be; see the log";

/// The names of the events that the branch is subscribed to, as far as Neon has said so.
pub struct Subscribed(pub watch::Receiver<Vec<String>>);

pub(super) async fn livez() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "alive" }))
}

pub(super) async fn readyz(
    gate: Data<Gate>,
    relay: Data<Relay>,
    subscribed: Data<Subscribed>,
) -> HttpResponse {
    let store = tokio::time::timeout(STORE_TIMEOUT, relay.store.ping()).await;
    let parts = [
        ("keys", gate.verifier.is_ready()),
        ("store", matches!(store, Ok(Ok(())))),
        ("provider", !relay.chain.is_empty()),
    ];
    let missing: Vec<_> = parts.into_iter().filter_map(|(part, ready)| (!ready).then_some(part)).collect();
    if missing.is_empty() {
        ready(&relay.warnings(&subscribed.0.borrow()), &relay.tasks.unwell())
    } else {
        HttpResponse::ServiceUnavailable().json(json!({ "status": "not_ready", "missing": missing }))
    }
}

/// Ready, and what an operator should know all the same. A task that panics is no reason to take the server out:
/// it is started again, and codes go through meanwhile.
fn ready(unhandled: &[(String, &'static str)], unwell: &[&'static str]) -> HttpResponse {
    let mut body = json!({ "status": "ready" });
    let unhandled = unhandled.iter().map(|(event, problem)| json!({ "event": event, "problem": problem }));
    let unwell = unwell.iter().map(|task| json!({ "task": task, "problem": UNWELL }));
    let warnings: Vec<_> = unhandled.chain(unwell).collect();
    if !warnings.is_empty() {
        body["warnings"] = warnings.into();
    }
    HttpResponse::Ok().json(body)
}
