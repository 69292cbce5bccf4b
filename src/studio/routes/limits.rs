//! The limits, and the two things that can be done about them. Each is asked about first; a prefix stands in no address,
//! since somebody may write a whole number.

use super::{Ground, go_to};
use crate::guard::Prefix;
use crate::studio::form::Ours;
use crate::studio::pages::ask::{self, Question};
use crate::studio::pages::limits::{self, Shown};
use crate::studio::problem::Problem;
use actix_web::HttpResponse;
use actix_web::web::{self, Query, ServiceConfig};
use serde::Deserialize;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/limits", web::get().to(shown))
        .route("/limits/ask", web::post().to(asked))
        .route("/limits/close", web::post().to(close))
        .route("/limits/open", web::post().to(open));
}

/// What the form did that led here.
#[derive(Deserialize)]
struct Done {
    #[serde(default)]
    done: String,
}

async fn shown(ground: Ground, done: Query<Done>) -> Result<HttpResponse, Problem> {
    let overview = ground.sources.limits.overview().await?;
    let done = match done.done.as_str() {
        "closed" => Some("Closed: within 5 s everywhere."),
        "opened" => Some("Opened: within 5 s everywhere."),
        "nothing" => Some("It was open already."),
        _ => None,
    };
    let shown = Shown {
        overview: &overview,
        done,
        form_token: ground.door.form_token(),
        now: ground.sources.clock.now(),
    };
    Ok(ground.page("/limits", "Limits", Some(5), &limits::page(&shown)).await)
}

#[derive(Deserialize)]
struct Named {
    prefix: String,
}

impl Named {
    fn prefix(&self) -> Result<Prefix, Problem> {
        let wrong = Problem::Unreadable("Write + and the country code, then some digits: +2250700.");
        Prefix::parse(self.prefix.trim()).ok_or(wrong)
    }
}

#[derive(Deserialize)]
struct Asked {
    act: String,
    prefix: String,
}

async fn asked(ground: Ground, form: Ours<Asked>) -> Result<HttpResponse, Problem> {
    let Asked { act, prefix } = form.0;
    let prefix = Named { prefix }.prefix()?.to_string();
    let is_closing = act == "close";
    let (title, meaning, address, yes) = if is_closing {
        (
            format!("Close {prefix}?"),
            "Numbers that begin like this get no text any more, also such that were verified, until somebody opens it.",
            "/limits/close",
            "Close it",
        )
    } else {
        (
            format!("Open {prefix}?"),
            "Numbers that begin like this get texts again, as far as the other limits let them.",
            "/limits/open",
            "Open it",
        )
    };
    let question = Question {
        title: &title,
        meaning,
        address,
        fields: &[("prefix", &prefix)],
        yes,
        is_final: is_closing,
        back: "/limits",
    };
    let body = ask::page(&question, ground.door.form_token());
    Ok(ground.page("/limits", &title, None, &body).await)
}

async fn close(ground: Ground, form: Ours<Named>) -> Result<HttpResponse, Problem> {
    ground.sources.limits.block(form.0.prefix()?).await?;
    Ok(go_to("/limits?done=closed"))
}

async fn open(ground: Ground, form: Ours<Named>) -> Result<HttpResponse, Problem> {
    let was_closed = ground.sources.limits.unblock(form.0.prefix()?).await?;
    Ok(go_to(if was_closed { "/limits?done=opened" } else { "/limits?done=nothing" }))
}
