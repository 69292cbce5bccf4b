//! Whether the process runs, and whether it can do its work.

use super::delivery::Gate;
use super::operator::is_operator;
use crate::relay::Relay;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use tokio::sync::watch;

const UNWELL: &str = "it has panicked, which is a bug, and was started again, or is about to be; see the log";

/// The names of the events that the branch is subscribed to, as far as Neon has said so.
pub struct Subscribed(pub watch::Receiver<Vec<String>>);

/// Which process this is, where somebody wants to know whether an address leads to it and no other.
pub struct Instance(pub String);

pub(super) async fn livez(instance: Option<Data<Instance>>) -> HttpResponse {
    let mut body = json!({ "status": "alive" });
    if let Some(instance) = instance {
        body["instance"] = instance.0.as_str().into();
    }
    HttpResponse::Ok().json(body)
}

pub(super) async fn readyz(
    request: HttpRequest,
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
        let warnings =
            warnings(store_works, &relay.forwarding.warnings(&subscribed.0.borrow()), &relay.tasks.unwell());
        ready(warnings, is_operator(&request))
    } else {
        HttpResponse::ServiceUnavailable().json(json!({ "status": "not_ready", "missing": missing }))
    }
}

/// What an operator should know all the same. A task that panics is no reason to take the server out: it is
/// started again, and codes go through meanwhile.
fn warnings(store_works: bool, unhandled: &[(String, &'static str)], unwell: &[&'static str]) -> Vec<Value> {
    let events = unhandled.iter().map(|(event, problem)| json!({ "event": event, "problem": problem }));
    let store = (!store_works).then(|| json!({ "part": "store", "problem": STORE_FAILS }));
    let unwell = unwell.iter().map(|task| json!({ "task": task, "problem": UNWELL }));
    events.chain(store).chain(unwell).collect()
}

/// Ready, and the warnings; strangers learn how many there are, not what they say.
fn ready(warnings: Vec<Value>, to_operator: bool) -> HttpResponse {
    let mut body = json!({ "status": "ready" });
    if !warnings.is_empty() {
        body["warnings"] = if to_operator { warnings.into() } else { warnings.len().into() };
    }
    HttpResponse::Ok().json(body)
}

const STORE_FAILS: &str =
    "the store fails: codes are sent all the same, and only this instance knows of duplicates";
