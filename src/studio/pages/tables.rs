//! The tables of health.

use super::parts;
use crate::domain::Region;
use crate::studio::chart;
use crate::studio::figures::{Cause, Ratio, Ratios, Spend};
use crate::studio::filter::Wanted;
use crate::studio::words;
use maud::{Markup, html};
use sms_providers::ProviderName;

/// As many countries are shown; the others are in their sum.
const COUNTRIES: usize = 12;
/// As many causes and reasons.
const CAUSES: usize = 12;
/// A fall by so much is told in words.
const FALL: f64 = 0.15;
/// Of fewer codes no fall is told.
const ENOUGH: u64 = 20;

/// Countries below each other, vendors beside each other.
pub(super) fn ratios(ratios: &Ratios) -> Markup {
    let (vendors, mut regions) = (ratios.vendors(), ratios.regions());
    regions.retain(|region| ratios.of_region(*region).today.all() > 0);
    if regions.is_empty() {
        return parts::empty(
            "No code has come to its end in the last 24 hours.",
            &html! {
            "A code counts when it was typed, or has died." },
        );
    }
    let left_out = regions.len().saturating_sub(COUNTRIES);
    html! {
        (parts::scrolling("Verified, by region and vendor", &html! {
            table class="ratios" {
                caption class="unseen" { "Share of first texts of the last 24 hours that led to a verification" }
                thead {
                    tr {
                        th scope="col" { "Region" }
                        th scope="col" { "Codes" }
                        th scope="col" { "Verified" }
                        th scope="col" { "Usual" }
                        @for vendor in &vendors { th scope="col" { (words::vendor(*vendor)) } }
                    }
                }
                tbody {
                    @for region in regions.iter().take(COUNTRIES) { (of_region(ratios, *region, &vendors)) }
                    tr class="sum" {
                        th scope="row" { "All" }
                        @let all = regions.iter().fold((0, 0), |(ended, verified), region| {
                            let today = ratios.of_region(*region).today;
                            (ended + today.all(), verified + today.verified)
                        });
                        td { (words::count(all.0)) }
                        td { @if let Some(share) = words::share(all.1, all.0) { (words::percent(share)) } }
                        td {}
                        @for vendor in &vendors { (cell(ratios.of_vendor(*vendor), None, *vendor)) }
                    }
                }
            }
        }))
        p class="soft" {
            "First texts of the last 24 hours whose codes were typed or have died. The mark in a bar, and “usual”, are the two weeks before."
            @if left_out > 0 { " " (words::counted(left_out as u64, "smaller region is", "smaller regions are")) " in the last row alone." }
        }
    }
}

fn of_region(ratios: &Ratios, region: Option<Region>, vendors: &[ProviderName]) -> Markup {
    let ratio = ratios.of_region(region);
    let share = ratio.today.share();
    let usual = ratio.before.share();
    let url = region.map(|region| Wanted { region: region.to_string(), ..Wanted::default() }.url());
    html! {
        tr {
            th scope="row" { @match url { Some(url) => a href=(url) { (words::region(region)) }, None => (words::region(region)) } }
            td { (words::count(ratio.today.all())) }
            td class="share" {
                @if let Some(share) = share { b { (words::percent(share)) } " " (chart::bar(share, usual)) (fall(ratio)) }
            }
            td { @match usual { Some(usual) => (words::percent(usual)), None => span class="soft" { "–" } } }
            @for vendor in vendors { (cell(ratios.cell(region, *vendor), region, *vendor)) }
        }
    }
}

fn fall(ratio: Ratio) -> Markup {
    let fall = Ratio::fall(ratio.today, ratio.before, ENOUGH).filter(|fall| *fall >= FALL);
    html! { @if let Some(fall) = fall { " " span class="fall" { "−" (words::percent(fall)) } } }
}

fn cell(ratio: Ratio, region: Option<Region>, vendor: ProviderName) -> Markup {
    let share = ratio.today.share();
    let low = share.is_some_and(|share| ratio.today.all() >= ENOUGH && share < 0.6);
    let region = region.map(|region| region.to_string()).unwrap_or_default();
    let wanted = Wanted { region, vendor: vendor.as_str().to_owned(), ..Wanted::default() };
    html! {
        td class=[low.then_some("low")] {
            @match share {
                Some(share) => { a href=(wanted.url()) { (words::percent(share)) } " " span class="soft" { "of " (words::count(ratio.today.all())) } },
                None => span class="soft" { "–" },
            }
        }
    }
}

/// Why texts came to nothing.
pub(super) fn causes(causes: &[Cause], texts: u64) -> Markup {
    if causes.is_empty() {
        let well = if texts > 0 {
            "Every text that left was taken, and none was reported as failed."
        } else {
            "No text has left."
        };
        return parts::empty("No text failed.", &html! { (well) });
    }
    parts::scrolling(
        "Why texts failed",
        &html! {
            table class="causes" {
                thead { tr { th scope="col" { "Texts" } th scope="col" { "Vendor" } th scope="col" { "Code" } th scope="col" class="text" { "What it means, and what to do" } } }
                tbody {
                    @for cause in causes.iter().take(CAUSES) {
                        @let wanted = Wanted { vendor: cause.vendor.as_str().to_owned(), ..Wanted::default() }.with_state("failed");
                        tr {
                            td { (words::count(cause.count)) }
                            td { a href=(wanted.url()) { (words::vendor(cause.vendor)) } }
                            td { @match &cause.code { Some(code) => code { (code) }, None => span class="soft" { (words::printable(&cause.word)) } } }
                            td class="text" {
                                (cause.meaning)
                                @if let Some(remedy) = cause.remedy { " " span class="soft" { "→ " (remedy) } }
                            }
                        }
                    }
                }
            }
        },
    )
}

/// Why there were none.
pub(super) fn refusals(refusals: &[(String, u64)]) -> Markup {
    if refusals.is_empty() {
        return parts::empty(
            "No code was refused.",
            &html! { "Neither by the limits nor for what it lacked." },
        );
    }
    html! {
        table class="refusals" {
            thead { tr { th scope="col" { "Codes" } th scope="col" { "Why" } } }
            tbody {
                @for (reason, count) in refusals.iter().take(CAUSES) {
                    tr { td { (words::count(*count)) } td class="text" { (reason) } }
                }
            }
        }
    }
}

/// What was paid.
pub(super) fn spend(spend: &[Spend]) -> Markup {
    if spend.is_empty() {
        return parts::empty(
            "No vendor has told a price.",
            &html! { "Vonage says it with its answer, others with a report: "
            code { "PUBLIC_URL" } " lets them in." },
        );
    }
    html! {
        table class="spend" {
            thead { tr { th scope="col" { "Vendor" } th scope="col" { "Today" } th scope="col" { "24 h" } th scope="col" { "A text" } } }
            tbody {
                @for of in spend {
                    @let texts = i64::try_from(of.texts).unwrap_or(i64::MAX).max(1);
                    tr {
                        th scope="row" { (words::vendor(of.vendor)) }
                        td { (words::money(of.today, &of.currency)) }
                        td { (words::money(of.day, &of.currency)) }
                        td { (words::money(of.day / texts, &of.currency)) }
                    }
                }
            }
        }
    }
}
