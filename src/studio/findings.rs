//! What is wrong, and what to do: the few sentences that somebody who was woken reads first. Pure.

use super::Overview;
use super::figures::{Figures, Ratio, Seen};
use super::filter::Wanted;
use super::standing::{Tone, came_to_nothing};
use super::words;
use crate::domain::{RefuseReason, Region, Reply};
use crate::guard::Mode;
use crate::store::texts::Delivery;
use sms_providers::ProviderName;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

/// Fewer texts or codes say nothing.
const ENOUGH: u64 = 20;
/// The share of a vendor's texts of the last hour that may come to nothing.
const LOST: f64 = 0.2;
/// How far verifications may fall below what is usual.
const FALL: f64 = 0.15;
/// The share of the last hour's codes that may be refused by the limits.
const REFUSED: f64 = 0.2;
/// The share of a daily limit from which on it is told.
const NEARLY_ALL: f64 = 0.8;
/// How long an event may wait for the app.
const OUTBOX_WAITS: Duration = Duration::from_secs(600);

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// How serious it is.
    pub tone: Tone,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
    /// Where to look, and what that is called.
    pub look: Option<(String, &'static str)>,
}

/// All that is wrong with deliveries and the outbox, the most serious first.
pub(super) fn of(seen: &Seen, figures: &Figures) -> Vec<Finding> {
    let hour_ago = seen.now.minus(Duration::from_secs(3600));
    let hour: Vec<_> = seen.latest.iter().take_while(|delivery| delivery.came_at >= hour_ago).collect();
    let mut found: Vec<_> = misconfigured(&hour).into_iter().collect();
    found.extend(failing_vendors(&hour, figures));
    found.extend(fallen(figures));
    found.extend(refusing(figures));
    found.extend(silent_reports(figures));
    found.extend(outbox(seen));
    found.sort_by_key(|finding| Reverse(finding.tone));
    found
}

fn misconfigured(hour: &[&Delivery]) -> Option<Finding> {
    let is_so = |delivery: &&&Delivery| {
        matches!(delivery.reply, Some(Reply::Refused(RefuseReason::ProvidersMisconfigured)))
    };
    let count = hour.iter().filter(is_so).count() as u64;
    (count > 0).then(|| Finding {
        tone: Tone::Bad,
        what: format!(
            "Every vendor refuses the relay's own configuration: {} of the last hour failed for it.",
            words::counted(count, "code", "codes")
        ),
        remedy: "Run neon-sms-relay doctor: it tests credentials, senders and balances.".to_owned(),
        look: Some((failed_at(None).url(), "Failed deliveries")),
    })
}

fn failed_at(vendor: Option<ProviderName>) -> Wanted {
    let vendor = vendor.map(|vendor| vendor.as_str().to_owned()).unwrap_or_default();
    Wanted { vendor, since: "1h".to_owned(), ..Wanted::default() }.with_state("failed")
}

fn failing_vendors(hour: &[&Delivery], figures: &Figures) -> Vec<Finding> {
    let mut by_vendor: BTreeMap<ProviderName, (u64, u64)> = BTreeMap::new();
    for text in hour.iter().flat_map(|delivery| &delivery.texts) {
        let (asked, lost) = by_vendor.entry(text.provider).or_default();
        *asked += 1;
        *lost += u64::from(came_to_nothing(text));
    }
    let failing = by_vendor.into_iter().filter_map(|(vendor, (asked, lost))| {
        let share = words::share(lost, asked).filter(|share| asked >= ENOUGH && *share >= LOST)?;
        let cause = figures.causes_of_hour.iter().find(|cause| cause.vendor == vendor);
        let why = cause.map(|cause| {
            let code = cause.code.as_ref().map(|code| format!(" {code}")).unwrap_or_default();
            format!(" Most often{code}: {}.", cause.meaning)
        });
        let remedy = cause.and_then(|cause| cause.remedy).map(sentence);
        Some(Finding {
            tone: if share >= 0.5 { Tone::Bad } else { Tone::Warn },
            what: format!(
                "{} loses {} of its texts: {} of {} in the last hour.{}",
                words::vendor(vendor),
                words::percent(share),
                words::count(lost),
                words::count(asked),
                why.unwrap_or_default()
            ),
            remedy: remedy.unwrap_or_else(|| {
                "Look at its status page; put another vendor before it in SMS_PROVIDER until it is well."
                    .to_owned()
            }),
            look: Some((Wanted { state: String::new(), ..failed_at(Some(vendor)) }.url(), "Its deliveries")),
        })
    });
    failing.collect()
}

/// With a capital at its head and a point at its end.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    let mut all: String = first.chain(letters).collect();
    if !all.ends_with('.') {
        all.push('.');
    }
    all
}

/// Countries whose users get in less often than they use to.
fn fallen(figures: &Figures) -> Vec<Finding> {
    let fallen = figures.ratios.regions().into_iter().filter_map(|region| {
        let ratio = figures.ratios.of_region(region);
        // What is bad now goes before what has been bad all day.
        let spans = [(ratio.lately, "two hours"), (ratio.today, "24 hours")];
        let (count, span, fall) = spans.into_iter().find_map(|(count, span)| {
            let fall = Ratio::fall(count, ratio.before, ENOUGH).filter(|fall| *fall >= FALL)?;
            Some((count, span, fall))
        })?;
        let (now, usual) = (count.share()?, ratio.before.share()?);
        let remedy = match worst_vendor(figures, region) {
            Some(vendor) => format!(
                "{} does worst there. Send {} through another vendor first, or set SMS_ROUTING=adaptive.",
                words::vendor(vendor),
                variable(region)
            ),
            None => {
                "Ask the vendor about that country; look whether texts are reported as delivered.".to_owned()
            }
        };
        let region_name = region.map(|region| region.to_string()).unwrap_or_default();
        let wanted = Wanted { region: region_name, since: "6h".to_owned(), ..Wanted::default() };
        Some(Finding {
            tone: if fall >= 2.0 * FALL { Tone::Bad } else { Tone::Warn },
            what: format!(
                "Of the codes to {} of the last {span} only {} were typed; {} is usual.",
                words::region(region),
                words::percent(now),
                words::percent(usual)
            ),
            remedy,
            look: Some((wanted.with_state("unverified").url(), "Unverified there")),
        })
    });
    fallen.collect()
}

fn variable(region: Option<Region>) -> String {
    region.map_or_else(|| "these numbers".to_owned(), |region| format!("it (SMS_PROVIDER_{region})"))
}

/// Whose codes are typed least often there, of all that were asked often enough.
fn worst_vendor(figures: &Figures, region: Option<Region>) -> Option<ProviderName> {
    let asked = figures.ratios.vendors().into_iter().filter_map(|vendor| {
        let today = figures.ratios.cell(region, vendor).today;
        Some((vendor, today.share().filter(|_| today.all() >= ENOUGH)?))
    });
    asked.min_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(vendor, _)| vendor)
}

fn refusing(figures: &Figures) -> Option<Finding> {
    let span = figures.hour;
    let share =
        words::share(span.refused, span.codes).filter(|share| span.codes >= ENOUGH && *share >= REFUSED)?;
    Some(Finding {
        tone: Tone::Warn,
        what: format!("The limits refused {} of the codes of the last hour.", words::percent(share)),
        remedy:
            "See by which rule: an attack is one country or prefix; a limit that is too tight is everywhere."
                .to_owned(),
        look: Some((
            Wanted { since: "1h".to_owned(), ..Wanted::default() }.with_state("refused").url(),
            "Refused deliveries",
        )),
    })
}

/// Vendors report within seconds; of many texts that left, something is heard.
fn silent_reports(figures: &Figures) -> Option<Finding> {
    let (hour, day) = (figures.hour, figures.day);
    let reported_before = day.reported > hour.reported;
    (hour.texts >= ENOUGH && hour.reported == 0 && reported_before).then(|| Finding {
        tone: Tone::Warn,
        what: "No vendor has reported anything for an hour, though texts left.".to_owned(),
        remedy: "Look whether PUBLIC_URL reaches the relay: neon-sms-relay doctor tries it. Until then nothing is sent again."
            .to_owned(),
        look: None,
    })
}

fn outbox(seen: &Seen) -> Vec<Finding> {
    let mut found = Vec::new();
    let waits = seen.waits_since.map(|since| seen.now.since(since)).filter(|waits| *waits >= OUTBOX_WAITS);
    if let Some(waits) = waits {
        found.push(Finding {
            tone: Tone::Bad,
            what: format!(
                "The app has not taken {} for {}.",
                words::counted(seen.outbox.waiting, "event", "events"),
                words::span(waits)
            ),
            remedy:
                "Look into the app behind FORWARD_URL; the outbox says what it answers. Events wait a day."
                    .to_owned(),
            look: Some(("/outbox".to_owned(), "Outbox")),
        });
    }
    if seen.outbox.dead > 0 {
        found.push(Finding {
            tone: Tone::Warn,
            what: format!("{} given up.", words::counted(seen.outbox.dead, "event was", "events were")),
            remedy: "Mend the app, then try them again; or drop them.".to_owned(),
            look: Some(("/outbox".to_owned(), "Outbox")),
        });
    }
    found
}

/// What is wrong with the limits.
pub(super) fn limits(limits: &Overview) -> Vec<Finding> {
    let status = &limits.status;
    let look = || Some(("/limits".to_owned(), "Limits"));
    let mut found = Vec::new();
    let of = |used: f64, limit: f64| (used / limit.max(1.0), limit);
    let texts = limits.daily_limit.map(|limit| of(status.texts_today as f64, limit as f64));
    let spend = limits.daily_spend.zip(status.spend_today);
    let spend = spend.map(|(limit, spent)| of(spent.millionths as f64, limit as f64));
    for (fill, name) in [(texts, "SMS_DAILY_LIMIT"), (spend, "SMS_DAILY_SPEND")] {
        let Some((fill, _)) = fill.filter(|(fill, _)| *fill >= NEARLY_ALL) else { continue };
        let is_used_up = fill >= 1.0;
        found.push(Finding {
            tone: if is_used_up { Tone::Bad } else { Tone::Warn },
            what: match is_used_up {
                true => format!(
                    "{name} is used up: numbers that were not verified lately get no text until midnight UTC."
                ),
                false => format!("{} of {name} are used up today.", words::percent(fill)),
            },
            remedy: "If these are your users, raise it; if not, close where they are texted.".to_owned(),
            look: look(),
        });
    }
    if status.mode == Mode::Enforce && status.world.is_full() {
        found.push(Finding {
            tone: Tone::Warn,
            what: "More codes than usual are not verified, all over the world: countries without a past get less.".to_owned(),
            remedy: "See which countries are full; name those where you have users in SMS_COUNTRIES.".to_owned(),
            look: look(),
        });
    }
    found
}
