//! What is going on now, and whether something is wrong.

use super::{parts, tables};
use crate::domain::Timestamp;
use crate::store::Counts;
use crate::studio::chart::{self, Column};
use crate::studio::figures::{BOUNDS, Figures, SAMPLE, Span};
use crate::studio::findings::Finding;
use crate::studio::words;
use maud::{Markup, html};

/// What stands below the bars of the times.
const LABELS: [&str; BOUNDS.len() + 1] =
    ["<5 s", "5–10 s", "10–20 s", "20–30 s", "30–60 s", "1–2 min", "2–5 min", ">5 min"];

pub(in crate::studio) fn page(
    figures: &Figures,
    findings: &[Finding],
    outbox: Counts,
    now: Timestamp,
) -> Markup {
    html! {
        h1 { "Health" }
        div id="health" data-live {
            (verdict(figures, findings, now))
            (now_figures(figures, outbox))
            section {
                h2 { "Codes by the hour" }
                (by_hour(figures))
            }
            section {
                h2 { "Verified, by region and vendor" }
                (tables::ratios(&figures.ratios))
            }
            div class="two" {
                section { h2 { "Time until the code was typed" } (times(figures)) }
                section { h2 { "Spend" } (parts::scrolling("Spend", &tables::spend(&figures.spend))) }
            }
            section {
                h2 { "Why texts failed" }
                (tables::causes(&figures.causes, figures.day.texts))
            }
            section {
                h2 { "Why codes were refused" }
                (tables::refusals(&figures.refusals))
            }
            p class="soft" {
                "Failures, refusals and times are those of the last 24 hours"
                @if figures.is_cut {
                    ", of the latest " (words::count(SAMPLE)) " events, which reach back to " (parts::time(figures.since, now))
                }
                "; ratios and spend are counted by the servers themselves."
            }
        }
    }
}

fn verdict(figures: &Figures, findings: &[Finding], now: Timestamp) -> Markup {
    let last = figures.last_came.map(|at| format!("The last event came {}.", words::ago(at, now)));
    html! {
        section class="verdict" aria-labelledby="verdict" {
            @if findings.is_empty() {
                h2 id="verdict" class="good" {
                    @if figures.last_came.is_some() { "Nothing is wrong" } @else { "Nothing has come yet" }
                }
                @match last {
                    Some(last) => p class="soft" { (last) },
                    None => p class="soft" {
                        "Point the branch's webhook at the relay and ask for a code; "
                        code { "neon-sms-relay doctor" } " says what is missing."
                    },
                }
            } @else {
                h2 id="verdict" { (words::counted(findings.len() as u64, "thing is wrong", "things are wrong")) }
                ul class="findings" {
                    @for finding in findings {
                        li class=(parts::class(finding.tone)) {
                            p class="what" { (finding.what) }
                            p class="remedy" {
                                (finding.remedy)
                                @if let Some((address, name)) = &finding.look { " " a href=(address) { (name) } }
                            }
                        }
                    }
                }
                @if let Some(last) = last { p class="soft" { (last) } }
            }
        }
    }
}

fn now_figures(figures: &Figures, outbox: Counts) -> Markup {
    let Span { codes, refused, half, .. } = figures.hour;
    let share = |span: Span| span.success().map_or_else(|| "–".to_owned(), words::percent);
    let half_of = |half: Option<std::time::Duration>| half.map_or_else(|| "–".to_owned(), words::span);
    let figure = |name: &str, value: &str, beside: &str| {
        html! { div { dt { (name) } dd { b { (value) } span class="soft" { (beside) } } } }
    };
    html! {
        section aria-labelledby="lately" {
            h2 id="lately" { "The last hour" }
            dl class="figures" {
                (figure("Codes asked for", &words::count(codes), &format!("{} in 24 h", words::count(figures.day.codes))))
                (figure("Verified", &share(figures.hour), &format!("{} in 24 h", share(figures.day))))
                (figure("Median until typed", &half_of(half), &format!("{} in 24 h", half_of(figures.day.half))))
                (figure("Failed", &words::count(figures.hour.failed), &format!("{} in 24 h", words::count(figures.day.failed))))
                (figure("Refused by limits", &words::count(refused), &format!("{} in 24 h", words::count(figures.day.refused))))
                (figure("For the app", &words::count(outbox.waiting), &format!("waiting, {} given up", words::count(outbox.dead))))
            }
        }
    }
}

fn by_hour(figures: &Figures) -> Markup {
    let total: u64 = figures.by_hour.iter().map(|(_, first, _)| first).sum();
    if total == 0 {
        return parts::empty(
            "No code was texted in the last 24 hours.",
            &html! {
            "The first one is seen here a moment after it was sent." },
        );
    }
    let last = figures.by_hour.len().saturating_sub(1);
    let columns: Vec<_> = figures
        .by_hour
        .iter()
        .enumerate()
        .map(|(index, (hour, first, verified))| Column {
            label: if index % 3 == last % 3 { words::hour(*hour) } else { String::new() },
            whole: *first,
            part: *verified,
            told: format!(
                "{}: {} texted, {} verified",
                words::hour(*hour),
                words::count(*first),
                words::count(*verified)
            ),
        })
        .collect();
    let title = format!("Codes texted in the last 24 hours by the hour: {} in all", words::count(total));
    let picture = chart::columns("by-hour", &title, &columns);
    html! {
        p class="key" { span class="swatch part" {} " verified " span class="swatch whole" {} " texted, not verified" }
        (picture)
        details {
            summary { "As a table" }
            (parts::scrolling("Codes by the hour", &html! {
                table {
                    thead { tr { th scope="col" { "Hour (UTC)" } th scope="col" { "Texted" } th scope="col" { "Verified" } } }
                    tbody {
                        @for (hour, first, verified) in &figures.by_hour {
                            tr { th scope="row" { (words::hour(*hour)) } td { (words::count(*first)) } td { (words::count(*verified)) } }
                        }
                    }
                }
            }))
        }
    }
}

fn times(figures: &Figures) -> Markup {
    let Some((half, most)) = figures.half_and_most else {
        return parts::empty(
            "Nobody has typed a code yet.",
            &html! {
            "Subscribe the webhook to " code { "phone_number.verified" } ", or this stays empty." },
        );
    };
    let label = |index: usize| LABELS.get(index).copied().unwrap_or_default();
    let columns: Vec<_> = figures
        .times
        .iter()
        .enumerate()
        .map(|(index, count)| Column {
            label: label(index).to_owned(),
            whole: *count,
            part: *count,
            told: format!("{}: {}", label(index), words::counted(*count, "user", "users")),
        })
        .collect();
    let title = format!(
        "Seconds from the first text until the code was typed: half within {}, nine of ten within {}",
        words::span(half),
        words::span(most)
    );
    html! {
        p { "Half within " b { (words::span(half)) } ", nine of ten within " b { (words::span(most)) } "." }
        (chart::columns("times", &title, &columns))
        details {
            summary { "As a table" }
            table {
                thead { tr { th scope="col" { "Time" } th scope="col" { "Users" } } }
                tbody {
                    @for (index, count) in figures.times.iter().enumerate() {
                        tr { th scope="row" { (label(index)) } td { (words::count(*count)) } }
                    }
                }
            }
        }
    }
}
