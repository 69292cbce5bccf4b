//! Whether the process runs, and whether it can do its work.

use super::delivery::Gate;
use crate::relay::Relay;
use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;
use tokio::sync::watch;

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
    let store_works = relay.ledger.is_healthy().await;
    let parts = [
        ("keys", gate.verifier.is_ready()),
        ("store", store_works || relay.once.does_without_store()),
        ("provider", relay.texting.is_ready()),
    ];
    let missing: Vec<_> = parts.into_iter().filter_map(|(part, ready)| (!ready).then_some(part)).collect();
    if missing.is_empty() {
        ready(store_works, &relay.forwarding.warnings(&subscribed.0.borrow()), &relay.tasks.unwell())
    } else {
        HttpResponse::ServiceUnavailable().json(json!({ "status": "not_ready", "missing": missing }))
    }
}

/// Ready, and what an operator should know all the same. A task that panics is no reason to take the server out:
/// it is started again, and codes go through meanwhile.
fn ready(store_works: bool, unhandled: &[(String, &'static str)], unwell: &[&'static str]) -> HttpResponse {
    let mut body = json!({ "status": "ready" });
    let events = unhandled.iter().map(|(event, problem)| json!({ "event": event, "problem": problem }));
    let store = (!store_works).then(|| json!({ "part": "store", "problem": STORE_FAILS }));
    let unwell = unwell.iter().map(|task| json!({ "task": task, "problem": UNWELL }));
    let warnings: Vec<_> = events.chain(store).chain(unwell).collect();
    if !warnings.is_empty() {
        body["warnings"] = warnings.into();
    }
    HttpResponse::Ok().json(body)
}

const STORE_FAILS: &str =
    "the store fails: codes are sent all the same, and only this instance knows of duplicates";
