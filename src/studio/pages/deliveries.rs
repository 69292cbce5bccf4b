//! The list of deliveries: looked for, and page by page.

use super::parts;
use crate::domain::{Region, Timestamp};
use crate::store::browse::USUAL;
use crate::store::texts::{Delivery, LoggedText};
use crate::studio::filter::{SPANS, STATES, Wanted};
use crate::studio::standing::{Standing, came_to_nothing, reason};
use crate::studio::words;
use maud::{Markup, html};
use sms_providers::ProviderName;

/// What the list is made of.
pub(in crate::studio) struct List<'a> {
    /// What is looked for.
    pub wanted: &'a Wanted,
    /// One page of it.
    pub found: &'a [Delivery],
    /// Whether older ones follow.
    pub more: bool,
    /// The countries that can be chosen.
    pub regions: &'a [Region],
    /// The types that can be chosen, beside the usual one.
    pub types: &'a [String],
    /// Now.
    pub now: Timestamp,
}

pub(in crate::studio) fn page(list: &List<'_>) -> Markup {
    let List { wanted, found, now, .. } = list;
    html! {
        h1 { "Deliveries" }
        (states(wanted))
        (narrowing(list))
        div id="list" data-live {
            @if found.is_empty() {
                (nothing(wanted))
            } @else {
                (table(found, *now))
            }
            (steps(list))
        }
    }
}

fn states(wanted: &Wanted) -> Markup {
    let all = std::iter::once(("", "All")).chain(STATES);
    html! {
        nav class="tabs" aria-label="State" {
            @for (state, name) in all {
                a href=(wanted.with_state(state).url()) aria-current=[(state == wanted.state).then_some("true")] { (name) }
            }
        }
    }
}

fn narrowing(list: &List<'_>) -> Markup {
    let wanted = list.wanted;
    let vendors: Vec<_> =
        [ProviderName::Twilio, ProviderName::MessageBird, ProviderName::Vonage, ProviderName::Log]
            .map(|name| (name.as_str().to_owned(), words::vendor(name).to_owned()))
            .into();
    let same = |text: &str| (text.to_owned(), text.to_owned());
    let mut regions: Vec<_> = list.regions.iter().map(|region| same(region.as_str())).collect();
    if !wanted.region.is_empty() && regions.iter().all(|(value, _)| *value != wanted.region) {
        regions.push(same(&wanted.region));
    }
    let mut types: Vec<_> = std::iter::once(USUAL).map(same).collect();
    types.extend(list.types.iter().map(|name| (name.clone(), words::printable(name))));
    if !wanted.event_type.is_empty() && types.iter().all(|(value, _)| *value != wanted.event_type) {
        types.push((wanted.event_type.clone(), words::printable(&wanted.event_type)));
    }
    let spans: Vec<_> = SPANS.map(|(value, name)| (value.to_owned(), name.to_owned())).into();
    html! {
        form class="narrow" action="/deliveries" {
            @if !wanted.state.is_empty() { input type="hidden" name="state" value=(wanted.state); }
            (choice("region", "Region", "any region", &regions, &wanted.region))
            (choice("vendor", "Vendor", "any vendor", &vendors, &wanted.vendor))
            (choice("type", "Event", "any event", &types, &wanted.event_type))
            (choice("since", "Since", "any time", &spans, &wanted.since))
            @if !wanted.to.is_empty() {
                label class="chip" { input type="checkbox" name="to" value=(wanted.to) checked; " One number" }
            }
            button { "Apply" }
            @if wanted.is_narrow() {
                a class="clear" href=(Wanted::default().with_state(&wanted.state).url()) { "Clear" }
            }
        }
    }
}

fn choice(name: &str, label: &str, any: &str, options: &[(String, String)], chosen: &str) -> Markup {
    html! {
        label { span class="unseen" { (label) }
            select name=(name) {
                option value="" { (any) }
                @for (value, shown) in options {
                    option value=(value) selected[value == chosen] { (shown) }
                }
            }
        }
    }
}

fn table(found: &[Delivery], now: Timestamp) -> Markup {
    html! {
        table class="list" role="table" {
            caption class="unseen" { "Deliveries, the newest first" }
            thead role="rowgroup" {
                tr role="row" {
                    th role="columnheader" scope="col" { "Came" }
                    th role="columnheader" scope="col" { "State" }
                    th role="columnheader" scope="col" { "To" }
                    th role="columnheader" scope="col" { "Texts" }
                    th role="columnheader" scope="col" class="last" { "Why, or after how long" }
                }
            }
            tbody role="rowgroup" {
                @for delivery in found { (row(delivery, now)) }
            }
        }
    }
}

fn row(delivery: &Delivery, now: Timestamp) -> Markup {
    let standing = Standing::of(delivery, now);
    let after = delivery.verified_after().map(|after| format!("typed after {}", words::span(after)));
    html! {
        tr role="row" id=(format!("d{}", delivery.reference)) {
            td role="cell" class="when" {
                a href=(format!("/deliveries/{}", delivery.reference)) { (parts::time(delivery.came_at, now)) }
            }
            td role="cell" class="state" { (parts::badge(standing)) }
            td role="cell" class="to" {
                @if let Some(number) = parts::number(delivery) {
                    span class="region" { (words::region(delivery.region)) } " " (number)
                }
                @if delivery.event_type != USUAL { " " code { (words::printable(&delivery.event_type)) } }
            }
            td role="cell" class="texts" { (texts(&delivery.texts)) }
            td role="cell" class="why" {
                @if let Some(reason) = reason(delivery, standing) { (reason) }
                @else if let Some(after) = after { span class="soft" { (after) } }
            }
        }
    }
}

/// Who was asked, in order, and whose text came to nothing.
fn texts(texts: &[LoggedText]) -> Markup {
    html! {
        @for (index, text) in texts.iter().enumerate() {
            @if index > 0 { span class="then" aria-hidden="true" { " → " } }
            @if came_to_nothing(text) {
                s { (words::vendor(text.provider)) } span class="unseen" { " (failed) " }
            } @else {
                (words::vendor(text.provider))
            }
        }
    }
}

fn steps(list: &List<'_>) -> Markup {
    let older = list.found.last().filter(|_| list.more);
    html! {
        @if older.is_some() || !list.wanted.behind.is_empty() {
            nav class="steps" aria-label="Pages of the list" {
                @if !list.wanted.behind.is_empty() {
                    a href=(Wanted { behind: String::new(), ..list.wanted.clone() }.url()) { "Newest" }
                }
                @if let Some(last) = older {
                    a rel="next" href=(list.wanted.behind(last.came_at, &last.event).url()) { "Older" }
                }
            }
        }
    }
}

fn nothing(wanted: &Wanted) -> Markup {
    if *wanted == Wanted::default() {
        return parts::empty(
            "Nothing has come yet.",
            &html! { "Point the branch's webhook here: " code { "neon-sms-relay neon webhook set" } ", and ask for a code. "
            code { "neon-sms-relay doctor" } " says whether everything is in place." },
        );
    }
    if !wanted.behind.is_empty() {
        return parts::empty(
            "Nothing is older.",
            &html! { "What is older was forgotten: STORE_TTL_HOURS says when." },
        );
    }
    let all = html! { a href=(Wanted::default().with_state(&wanted.state).url()) { "Look everywhere" } };
    match wanted.state.as_str() {
        "failed" => parts::empty("No failed delivery.", &html! { "That is as it should be. " (all) }),
        "refused" => parts::empty("No delivery was refused by the limits.", &html! { (all) }),
        _ => parts::empty(
            "No such delivery is in the store.",
            &html! {
            "Look further back, or for less; events are kept for STORE_TTL_HOURS. " (all) },
        ),
    }
}
