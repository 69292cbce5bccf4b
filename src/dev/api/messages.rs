//! The texts, and waiting for one.

use super::answer::Refused;
use crate::dev::inbox::{InboxProvider, Wanted};
use crate::domain::Timestamp;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// The longest that somebody waits for a text, in seconds.
const LONGEST_WAIT: u64 = 60;
/// Requests that wait at once.
const MAX_WAITING: usize = 64;

/// Those who wait for a text: so many, and until the server stops.
pub(in crate::dev) struct Patience {
    places: Arc<Semaphore>,
    stopping: CancellationToken,
}

impl Patience {
    pub fn until(stopping: CancellationToken) -> Self {
        Self { places: Arc::new(Semaphore::new(MAX_WAITING)), stopping }
    }
}

/// Which texts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Choice {
    to: Option<String>,
    since: Option<String>,
}

/// Which text, and how long to wait for it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NextChoice {
    to: Option<String>,
    after: Option<String>,
    #[serde(default)]
    wait: u64,
}

pub(super) async fn list(
    inbox: Data<InboxProvider>,
    choice: Result<Query<Choice>, actix_web::Error>,
) -> Result<HttpResponse, Refused> {
    let Query(choice) = choice.map_err(invalid)?;
    let since =
        choice.since.map(|since| Timestamp::from_rfc3339(&since.replace(' ', "+")).ok_or_else(no_time));
    let wanted = Wanted { to: number(choice.to), since: since.transpose()?, after: None };
    Ok(HttpResponse::Ok().json(inbox.messages(&wanted)))
}

pub(super) async fn latest(
    inbox: Data<InboxProvider>,
    patience: Data<Patience>,
    choice: Result<Query<NextChoice>, actix_web::Error>,
) -> Result<HttpResponse, Refused> {
    let Query(choice) = choice.map_err(invalid)?;
    if choice.wait > LONGEST_WAIT {
        return Err(invalid(format!("wait is {LONGEST_WAIT} seconds at most")));
    }
    let after = choice.after.filter(|id| !id.is_empty()).map(|id| {
        let number = id.strip_prefix("inbox-").and_then(|number| number.parse().ok());
        number.ok_or_else(|| invalid("after is the id of a text, such as inbox-1"))
    });
    let wanted = Wanted { to: number(choice.to), since: None, after: after.transpose()? };
    let place = patience.places.clone().try_acquire_owned();
    let _place = place.map_err(|_| Refused::busy("Too many wait for a text"))?;
    let wait = Duration::from_secs(choice.wait);
    let come = patience.stopping.run_until_cancelled(inbox.newest(&wanted, wait)).await.flatten();
    let message = come.ok_or_else(|| Refused::not_found("NO_MESSAGE", "No such text came"))?;
    Ok(HttpResponse::Ok().json(message))
}

pub(super) async fn forget(inbox: Data<InboxProvider>) -> HttpResponse {
    inbox.forget();
    HttpResponse::NoContent().finish()
}

/// A plus sign in a query is a space to whoever reads it, and many forget to write `%2B`.
fn number(to: Option<String>) -> Option<String> {
    let to = to.filter(|to| !to.is_empty())?;
    Some(match to.strip_prefix(' ') {
        Some(digits) => format!("+{digits}"),
        None => to,
    })
}

fn invalid(problem: impl std::fmt::Display) -> Refused {
    Refused::new("INVALID_QUERY", problem)
}

fn no_time() -> Refused {
    invalid("since is a time of RFC 3339, such as 2026-02-23T12:00:00Z")
}
