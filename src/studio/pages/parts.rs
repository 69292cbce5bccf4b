//! Small things that several pages are made of.

use crate::domain::Timestamp;
use crate::store::texts::Delivery;
use crate::studio::standing::{Standing, Tone};
use crate::studio::words;
use maud::{Markup, html};

/// The name of a tone in the style sheet.
pub(super) fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Quiet => "quiet",
        Tone::Good => "good",
        Tone::Warn => "warn",
        Tone::Bad => "bad",
    }
}

/// How a delivery stands: a word, and a mark whose form differs too.
pub(super) fn badge(standing: Standing) -> Markup {
    html! { span class=(format!("badge {}", class(standing.tone()))) { (standing.word()) } }
}

/// A time, with the day where it is another.
pub(super) fn time(at: Timestamp, now: Timestamp) -> Markup {
    let is_today = words::day(at) == words::day(now);
    html! {
        time datetime=(at.to_rfc3339()) title=(words::ago(at, now)) {
            @if !is_today { (words::day(at).get(5..).unwrap_or_default()) " " }
            (words::clock(at))
        }
    }
}

/// A number as it may be shown, and its country.
pub(super) fn number(delivery: &Delivery) -> Option<Markup> {
    let last_two = delivery.last_two.as_ref()?;
    Some(html! {
        span class="number" { span class="unseen" { "number ending in " } "…" (words::printable(last_two)) }
    })
}

/// A part of a page that may be wider than the window.
pub(super) fn scrolling(name: &str, content: &Markup) -> Markup {
    html! { div class="wide" role="region" aria-label=(name) tabindex="0" { (content) } }
}

/// Nothing is there, and what to do about it.
pub(super) fn empty(what: &str, then: &Markup) -> Markup {
    html! { div class="empty" { p { b { (what) } } p { (then) } } }
}
