//! One delivery: what it is, and what happened.

use super::parts;
use crate::domain::{EndpointId, Timestamp};
use crate::store::texts::Delivery;
use crate::studio::filter::Wanted;
use crate::studio::standing::{Standing, reason};
use crate::studio::{timeline, words};
use maud::{Markup, html};
use std::time::Duration;

pub(in crate::studio) fn page(delivery: &Delivery, now: Timestamp) -> Markup {
    let standing = Standing::of(delivery, now);
    html! {
        p class="back" { a href="/deliveries" { "Deliveries" } }
        div id="delivery" data-live {
            h1 {
                (words::printable(&delivery.event_type))
                @if let Some(number) = parts::number(delivery) { " to " (number) }
                " " (parts::badge(standing))
            }
            @if let Some(reason) = reason(delivery, standing) { p class="lead" { "Why: " (reason) "." } }
            div class="one" {
                section {
                    h2 { "What happened" }
                    (happened(delivery, now))
                }
                section {
                    h2 { "What it is" }
                    (facts(delivery, now))
                }
            }
        }
    }
}

fn happened(delivery: &Delivery, now: Timestamp) -> Markup {
    html! {
        ol class="timeline" {
            @for moment in timeline::of(delivery, now) {
                li class=(parts::class(moment.tone)) {
                    p class="when" {
                        (parts::time(moment.at, now))
                        span class="soft" { (offset(moment.at.since(delivery.came_at))) }
                    }
                    div {
                        p class="what" { (moment.what) }
                        @for line in &moment.more { p class="more" { (line) } }
                        @if let Some(remedy) = &moment.remedy { p class="remedy" { b { "To do: " } (remedy) } }
                    }
                }
            }
        }
    }
}

fn offset(since: Duration) -> String {
    match since.as_millis() {
        0 => String::new(),
        millis @ 1..100 => format!("+{millis} ms"),
        millis @ 100..120_000 => format!("+{}.{} s", millis / 1000, millis % 1000 / 100),
        _ => format!("+{}", words::span(since)),
    }
}

fn facts(delivery: &Delivery, now: Timestamp) -> Markup {
    let region = delivery.region.map(|region| region.to_string());
    let linked = if delivery.linked { "belongs to a user" } else { "belongs to no user yet" };
    let same_number = delivery.recipient_hash.clone().map(|to| Wanted { to, ..Wanted::default() }.url());
    let same_region = region.clone().map(|region| Wanted { region, ..Wanted::default() }.url());
    let dies = if delivery.dies_at() < now { "died" } else { "dies" };
    html! {
        dl class="facts" {
            dt { "Event" } dd { code { (delivery.event) } }
            dt { "Reference" } dd { code { (delivery.reference) } }
            @if let Some(endpoint) = &delivery.endpoint { dt { "Branch" } dd { code { (EndpointId::as_str(endpoint)) } } }
            @if let Some(number) = parts::number(delivery) {
                dt { "Number" }
                dd {
                    (number) ", " (linked)
                    @if let Some(url) = same_number { " · " a href=(url) { "all to this number" } }
                }
            }
            @if let Some((region, url)) = region.zip(same_region) {
                dt { "Region" } dd { (region) " · " a href=(url) { "all of this region" } }
            }
            @if delivery.last_two.is_some() { dt { "Code" } dd { (dies) " at " (parts::time(delivery.dies_at(), now)) } }
        }
    }
}
