//! What is closed, and how full each budget is: for people, and for programs.

use crate::app::guard::{Budget, Closed, Fill, Mode, Status};
use crate::cli::output::Output;
use serde_json::{Value, json};
use std::io::Write;

pub(super) fn tell(status: &Status, out: &mut Output<impl Write>) -> anyhow::Result<()> {
    if status.mode != Mode::Enforce {
        out.line(format_args!("GUARD is {} here: nothing is refused.", status.mode.as_str()))?;
    }
    let [place, hour, day] = ["country", "last hour", "last day"];
    out.line(format_args!("{place:<22}  {hour:>16}  {day:>16}"))?;
    for (region, numbers, budget) in budgets(status) {
        let place = if numbers == "all" { region } else { format!("{region}, {numbers}") };
        out.line(format_args!("{place:<22}  {:>16}  {:>16}", part(&budget.hour), part(&budget.day)))?;
    }
    let Status { texts_today, spend_today, daily_limit, daily_spend, closings, .. } = status;
    let of = |fill: &Option<Fill>| fill.map(|fill| format!(" of {}", fill.limit)).unwrap_or_default();
    out.line(format_args!("\n{texts_today}{} texts today.", of(daily_limit)))?;
    if let Some(spend) = spend_today {
        out.line(format_args!("{spend}{} spent today.", of(daily_spend)))?;
    }
    out.line(format_args!("{} closed.", closings.len()))?;
    for Closed { prefix, reason, since, until, by } in closings {
        let until =
            until.map_or_else(|| "until it is unblocked".to_owned(), |until| format!("until {until}"));
        out.line(format_args!("{prefix:<16}  {:<8}  since {since}  {until}  by {by}", reason.as_str()))?;
    }
    Ok(())
}

pub(super) fn as_json(status: &Status) -> Value {
    let budget = |(region, numbers, budget): (String, &str, Budget)| json!({"region": region, "numbers": numbers, "hour": fill(&budget.hour), "day": fill(&budget.day)});
    let closed = |closed: &Closed| {
        json!({
            "prefix": closed.prefix.to_string(),
            "rule": closed.reason.as_str(),
            "since": closed.since.to_rfc3339(),
            "until": closed.until.map(|until| until.to_rfc3339()),
            "by": closed.by,
        })
    };
    json!({
        "mode": status.mode.as_str(),
        "budgets": budgets(status).map(budget).collect::<Vec<_>>(),
        "texts_today": status.texts_today,
        "daily_limit": status.daily_limit.as_ref().map(fill),
        "spend_today": status.spend_today.map(|spend| spend.to_string()),
        "daily_spend": status.daily_spend.as_ref().map(fill),
        "closed": status.closings.iter().map(closed).collect::<Vec<_>>(),
    })
}

/// Each budget, with the country and the numbers that it is for.
fn budgets(status: &Status) -> impl Iterator<Item = (String, &'static str, Budget)> {
    let of_country = status.countries.iter().flat_map(|country| {
        let region = country.region.map_or_else(|| "none".to_owned(), |region| region.to_string());
        [(region.clone(), "all", country.all), (region, "unlinked", country.unlinked)]
    });
    std::iter::once(("everywhere".to_owned(), "unlinked", status.world)).chain(of_country)
}

/// Codes that were not verified, of how many may be.
fn part(fill: &Fill) -> String {
    format!("{:.0} of {:.0}", fill.used, fill.limit)
}

fn fill(fill: &Fill) -> Value {
    json!({"used": fill.used, "limit": fill.limit, "ratio": fill.ratio()})
}
