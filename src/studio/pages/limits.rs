//! How full the limits are, what is closed, and two forms to change that.

use super::{layout, parts};
use crate::domain::Timestamp;
use crate::guard::{Budget, Closing, CountryStatus, Fill, Mode};
use crate::studio::filter::Wanted;
use crate::studio::{Overview, chart, words};
use maud::{Markup, html};

/// As many countries are shown, the fullest.
const COUNTRIES: usize = 40;
/// From this share on a budget is worth a look.
const NEARLY_FULL: f64 = 0.8;

/// What the page is made of.
pub(in crate::studio) struct Shown<'a> {
    /// How full they are.
    pub overview: &'a Overview,
    /// What the form that was sent last did.
    pub done: Option<&'static str>,
    /// What forms carry.
    pub form_token: &'a str,
    /// Now.
    pub now: Timestamp,
}

pub(in crate::studio) fn page(shown: &Shown<'_>) -> Markup {
    let status = &shown.overview.status;
    let refused = Wanted { since: "24h".to_owned(), ..Wanted::default() }.with_state("refused").url();
    html! {
        h1 { "Limits" }
        @if let Some(done) = shown.done { p class="done" role="status" { (done) } }
        p class="lead" {
            @match status.mode {
                Mode::Enforce => "What is full or closed is refused with 422, and costs no text.",
                Mode::Record => { b { "GUARD=record: " } "what would be refused is noted, and every text is sent." },
                Mode::Off => { b { "GUARD is off here: " } "nothing is refused." },
            }
            " So say the variables of this process; start it with the servers'. " a href=(refused) { "Refused lately" }
        }
        div id="limits" data-live {
            section { h2 { "Today" } (today(shown.overview)) }
            section { h2 { "Closed prefixes" } (closings(shown)) }
            section { h2 { "Codes that were not verified" } (budgets(shown.overview)) }
        }
        section { h2 { "Close a prefix" } (block(shown.form_token)) }
    }
}

fn today(overview: &Overview) -> Markup {
    let status = &overview.status;
    let share = |used: f64, limit: f64| html! { " " (chart::bar(used / limit.max(1.0), None)) };
    html! {
        dl class="facts" {
            dt { "Texts" }
            dd {
                b { (words::count(status.texts_today)) }
                @match overview.daily_limit {
                    Some(limit) => { " of " (words::count(limit)) (share(status.texts_today as f64, limit as f64)) },
                    None => span class="soft" { " without a limit: SMS_DAILY_LIMIT sets one" },
                }
            }
            dt { "Spend" }
            dd {
                @match (status.spend_today, overview.daily_spend) {
                    (Some(spent), Some(limit)) => {
                        b { (spent) } " of " (words::money(limit, spent.currency.as_str()))
                        (share(spent.millionths as f64, limit as f64))
                    },
                    (Some(spent), None) => { b { (spent) } span class="soft" { " without a limit: SMS_DAILY_SPEND sets one" } },
                    (None, _) => span class="soft" { "not known: SMS_PRICE says what a text costs" },
                }
            }
        }
    }
}

fn closings(shown: &Shown<'_>) -> Markup {
    let closings = &shown.overview.status.closings;
    if closings.is_empty() {
        return parts::empty(
            "No prefix is closed.",
            &html! {
            "Rules close a prefix for 12 hours when codes to it are not verified; somebody can close one below." },
        );
    }
    parts::scrolling(
        "Closed prefixes",
        &html! {
            table class="closings" {
                thead { tr {
                    th scope="col" { "Prefix" } th scope="col" { "Why" } th scope="col" { "Since" } th scope="col" { "Until" }
                    th scope="col" { "By" } th scope="col" { span class="unseen" { "Act" } }
                } }
                tbody { @for closing in closings { (closed(closing, shown)) } }
            }
        },
    )
}

fn closed(closing: &Closing, shown: &Shown<'_>) -> Markup {
    let prefix = closing.prefix.to_string();
    html! {
        tr {
            th scope="row" { code { (prefix) } }
            td class="text" { (words::rule(closing.reason.as_str()).unwrap_or_default()) }
            td { (parts::time(closing.since, shown.now)) }
            td { @match closing.until { Some(until) => (parts::time(until, shown.now)), None => "somebody opens it" } }
            td { (words::printable(&closing.by)) }
            td {
                form action="/limits/ask" method="post" {
                    (layout::token(shown.form_token))
                    input type="hidden" name="act" value="open";
                    input type="hidden" name="prefix" value=(prefix);
                    button { "Open" span class="unseen" { " " (prefix) } }
                }
            }
        }
    }
}

fn block(form_token: &str) -> Markup {
    html! {
        form class="block" action="/limits/ask" method="post" autocomplete="off" {
            (layout::token(form_token))
            input type="hidden" name="act" value="close";
            label for="prefix" { "Digits after +, such as +2250700" }
            input id="prefix" name="prefix" required inputmode="tel" maxlength="16" autocomplete="off" spellcheck="false";
            button { "Close…" }
        }
        p class="soft" { "Numbers that begin with it get no text any more, also such that were verified; only GUARD_ALLOW passes it." }
    }
}

fn budgets(overview: &Overview) -> Markup {
    let status = &overview.status;
    if status.countries.is_empty() {
        return parts::empty(
            "No code has been texted yet.",
            &html! { "Each country has a budget of codes that are not verified." },
        );
    }
    let mut countries: Vec<&CountryStatus> = status.countries.iter().collect();
    let fullest = |country: &CountryStatus| ratio(&country.all).max(ratio(&country.unlinked));
    countries.sort_by(|one, other| fullest(other).total_cmp(&fullest(one)));
    let left_out = countries.len().saturating_sub(COUNTRIES);
    html! {
        (parts::scrolling("Codes that were not verified, by country", &html! {
            table class="budgets" {
                thead { tr {
                    th scope="col" { "Country" } th scope="col" { "Last hour" } th scope="col" { "Last day" }
                    th scope="col" { "Numbers of no user, hour" } th scope="col" { "Numbers of no user, day" }
                } }
                tbody {
                    tr { th scope="row" { "Everywhere" } td { span class="soft" { "–" } } td { span class="soft" { "–" } } (fill(status.world.hour)) (fill(status.world.day)) }
                    @for country in countries.iter().take(COUNTRIES) {
                        tr {
                            th scope="row" { (words::region(country.region)) }
                            (fill(country.all.hour)) (fill(country.all.day))
                            (fill(country.unlinked.hour)) (fill(country.unlinked.day))
                        }
                    }
                }
            }
        }))
        p class="soft" {
            "Of how many may be: what is beyond is refused. Numbers that were verified lately take nothing out."
            @if left_out > 0 { " " (words::counted(left_out as u64, "country is", "countries are")) " emptier and left out." }
        }
    }
}

fn ratio(budget: &Budget) -> f64 {
    budget.hour.ratio().max(budget.day.ratio())
}

fn fill(fill: Fill) -> Markup {
    let tone = if fill.is_full() { Some("full") } else { (fill.ratio() >= NEARLY_FULL).then_some("near") };
    html! {
        td class=[tone] {
            (chart::bar(fill.ratio(), None)) " " (format!("{:.0}", fill.used)) span class="soft" { " of " (format!("{:.0}", fill.limit)) }
            @if fill.is_full() { " full" }
        }
    }
}
