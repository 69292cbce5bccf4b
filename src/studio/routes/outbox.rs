//! The outbox, and the two things that can be done about it. Each is asked about first.

use super::{Ground, go_to};
use crate::domain::EventId;
use crate::domain::app::PATIENCE;
use crate::store::Selection;
use crate::studio::form::Ours;
use crate::studio::pages::ask::{self, Question};
use crate::studio::pages::outbox::{self, Shown};
use crate::studio::problem::Problem;
use actix_web::HttpResponse;
use actix_web::web::{self, Path, Query, ServiceConfig};
use serde::Deserialize;

/// As many are shown, the oldest.
const LISTED: u32 = 200;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/outbox", web::get().to(list))
        .route("/outbox/{act}", web::get().to(asked))
        .route("/outbox/{act}", web::post().to(done));
}

/// What the form did that led here.
#[derive(Deserialize)]
struct Done {
    retried: Option<u64>,
    dropped: Option<u64>,
}

async fn list(ground: Ground, done: Query<Done>) -> Result<HttpResponse, Problem> {
    let store = &ground.sources.store;
    let (entries, counts) = (store.list(&Selection::All, LISTED).await?, store.counts().await?);
    let retried = done.retried.map(|count| (count, "will be tried again, if a server runs."));
    let done = retried.or(done.dropped.map(|count| (count, "dropped.")));
    let shown = Shown { entries: &entries, counts, done, now: ground.sources.clock.now() };
    Ok(ground.page("/outbox", "Outbox", Some(5), &outbox::page(&shown)).await)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Act {
    Retry,
    Drop,
}

/// Which events are meant.
#[derive(Deserialize)]
struct Which {
    which: String,
    #[serde(default)]
    id: String,
}

impl Which {
    fn selection(&self) -> Result<Selection, Problem> {
        match self.which.as_str() {
            "one" => Ok(Selection::One(EventId::new(&self.id).ok_or(Problem::NotFound)?)),
            "dead" => Ok(Selection::Dead),
            "all" => Ok(Selection::All),
            _ => Err(Problem::NotFound),
        }
    }
}

async fn asked(ground: Ground, act: Path<Act>, which: Query<Which>) -> Result<HttpResponse, Problem> {
    let counts = ground.sources.store.counts().await?;
    let (count, whose) = match which.selection()? {
        Selection::One(id) => (1, format!("the event {id}")),
        Selection::Dead => (counts.dead, "everything that was given up".to_owned()),
        Selection::All => (counts.waiting + counts.dead, "everything in the outbox".to_owned()),
    };
    let events = crate::studio::words::counted(count, "event", "events");
    let (title, meaning, yes, address) = match *act {
        Act::Retry => (
            format!("Try {whose} again?"),
            format!(
                "{events}: tried as soon as it is their turn, and for another day. The app gets each at least once."
            ),
            "Try again",
            "/outbox/retry",
        ),
        Act::Drop => (
            format!("Drop {whose}?"),
            format!("{events}: the app never hears of it. This cannot be undone."),
            "Drop for good",
            "/outbox/drop",
        ),
    };
    let question = Question {
        title: &title,
        meaning: &meaning,
        address,
        fields: &[("which", &which.which), ("id", &which.id)],
        yes,
        is_final: *act == Act::Drop,
        back: "/outbox",
    };
    let body = ask::page(&question, ground.door.form_token());
    Ok(ground.page("/outbox", &title, None, &body).await)
}

async fn done(ground: Ground, act: Path<Act>, form: Ours<Which>) -> Result<HttpResponse, Problem> {
    let (store, now, selection) = (&ground.sources.store, ground.sources.clock.now(), form.0.selection()?);
    Ok(match *act {
        Act::Retry => {
            let count = store.retry(&selection, now, now.plus(PATIENCE)).await?;
            go_to(&format!("/outbox?retried={count}"))
        }
        Act::Drop => go_to(&format!("/outbox?dropped={}", store.discard(&selection, now).await?)),
    })
}
