//! What is sent to whom, how often, and for how much.

mod prices;
#[cfg(test)]
mod tests;

use super::fault::Faults;
use super::{ConfigErrors, Vars};
use crate::domain::{NumberKind, Pace, Region};
use crate::guard::{GuardSettings, Mode, Prefix, Unlinked, pace};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// `GUARD` and all that it reads.
#[derive(Debug, Clone, Default)]
pub struct GuardSection {
    /// What the guard goes by.
    pub settings: GuardSettings,
}

/// What has no effect without the guard.
const OF_THE_GUARD: [&str; 12] = [
    "SMS_COUNTRIES",
    "SMS_COUNTRIES_DENY",
    "SMS_NUMBER_TYPES_DENY",
    "GUARD_NUMBER_PAUSE_SECONDS",
    "GUARD_NUMBER_PER_10_MIN",
    "GUARD_NUMBER_PER_DAY",
    "GUARD_UNLINKED",
    "SMS_DAILY_LIMIT",
    "SMS_DAILY_SPEND",
    "GUARD_ALLOW",
    "GUARD_IP",
    "SMS_PRICE",
];

impl GuardSection {
    /// Reads the guard's variables alone, for commands that look at what it counts.
    ///
    /// # Errors
    /// All faults at once.
    pub fn from_vars(vars: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigErrors> {
        let (mut faults, vars) = (Faults::default(), Vars::new(vars));
        let section = Self::read(&vars, &mut faults, &mut Vec::new());
        faults.into_result(section)
    }

    /// What an operator should know of the countries that are sent to.
    pub fn remark(&self) -> Option<&'static str> {
        let settings = &self.settings;
        let all = settings.countries.is_none() && settings.countries_deny.is_empty();
        (all && settings.mode != Mode::Off).then_some(
            "codes are sent to all countries; name those where you have users in SMS_COUNTRIES, and no attack \
             elsewhere costs anything",
        )
    }

    pub(super) fn read(vars: &Vars, faults: &mut Faults, warnings: &mut Vec<String>) -> Self {
        let mode = read_mode(vars, faults);
        if mode == Mode::Off {
            let idle = OF_THE_GUARD.into_iter().filter(|name| vars.get(name).is_some());
            warnings.extend(idle.map(|name| format!("{name} is set and has no effect: GUARD is off")));
        }
        let (countries, countries_deny) = read_countries(vars, faults);
        let prices = prices::read(vars, faults);
        let settings = GuardSettings {
            mode,
            countries,
            countries_deny,
            kinds_deny: read_kinds(vars, faults),
            pace: Arc::new(read_pace(vars, faults)),
            unlinked: read_unlinked(vars, faults),
            daily_limit: read_daily_limit(vars, faults),
            daily_spend: prices::read_daily_spend(vars, prices.as_ref(), faults),
            prices,
            allow: read_allow(vars, faults),
            by_address: read_by_address(vars, faults),
            ..GuardSettings::default()
        };
        Self { settings }
    }
}

fn read_mode(vars: &Vars, faults: &mut Faults) -> Mode {
    match vars.get("GUARD").map(str::to_ascii_lowercase).as_deref() {
        None | Some("enforce") => Mode::Enforce,
        Some("record") => Mode::Record,
        Some("off") => Mode::Off,
        Some(_) => faults.add("GUARD", "is not a word it knows", "set enforce, record or off"),
    }
}

/// What stands between the commas of a list, with its place for people.
fn entries(value: &str) -> impl Iterator<Item = (usize, &str)> {
    value.split(',').map(str::trim).enumerate().map(|(at, entry)| (at + 1, entry))
}

fn read_regions(name: &str, vars: &Vars, faults: &mut Faults) -> Option<HashSet<Region>> {
    let mut regions = HashSet::new();
    for (place, entry) in entries(vars.get(name)?) {
        match Region::from_iso(entry) {
            Some(region) => drop(regions.insert(region)),
            None if entry.eq_ignore_ascii_case("UK") => {
                faults.add(name, "has UK, which is no ISO code", "write GB for the United Kingdom")
            }
            None => faults.add(
                name,
                format!("names a country that does not exist (its entry no. {place})"),
                "write two letters for each, as ISO 3166 has them, separated by commas: DE,AT,CH",
            ),
        }
    }
    Some(regions)
}

fn read_countries(vars: &Vars, faults: &mut Faults) -> (Option<HashSet<Region>>, HashSet<Region>) {
    let only = read_regions("SMS_COUNTRIES", vars, faults);
    let deny = read_regions("SMS_COUNTRIES_DENY", vars, faults).unwrap_or_default();
    let mut both: Vec<_> = only.iter().flatten().filter(|region| deny.contains(region)).collect();
    both.sort_unstable();
    if let Some(region) = both.first() {
        faults.add::<()>(
            "SMS_COUNTRIES_DENY",
            format!("has {region}, and so has SMS_COUNTRIES"),
            "take it out of one of them; with SMS_COUNTRIES everything else is denied anyway",
        );
    }
    (only, deny)
}

fn read_kinds(vars: &Vars, faults: &mut Faults) -> HashSet<NumberKind> {
    const NAME: &str = "SMS_NUMBER_TYPES_DENY";
    let Some(value) = vars.get(NAME) else { return GuardSettings::default().kinds_deny };
    let words: Vec<_> = entries(value).map(|(place, word)| (place, word.to_ascii_lowercase())).collect();
    if let [(_, word)] = words.as_slice()
        && word == "none"
    {
        return HashSet::new();
    }
    let mut kinds = HashSet::new();
    for (place, word) in words {
        match NumberKind::from_name(&word) {
            // What most users have, and what the metadata does not know yet.
            Some(kind @ (NumberKind::Mobile | NumberKind::Unknown)) => faults.add(
                NAME,
                format!("has {}, which is what users have", kind.as_str()),
                "take it out; ranges that are new are unknown to the metadata for a while",
            ),
            Some(kind) => drop(kinds.insert(kind)),
            None => {
                let all = NumberKind::ALL.map(NumberKind::as_str).join(", ");
                let problem = format!("names a kind of number that does not exist (its entry no. {place})");
                faults.add(NAME, problem, format!("write none, or some of: {all}"))
            }
        }
    }
    kinds
}

fn read_pace(vars: &Vars, faults: &mut Faults) -> Pace {
    let mut number = |name, default, range| faults.number(name, vars.get(name), default, range);
    let first = number("GUARD_NUMBER_PAUSE_SECONDS", 30, 0..=3600);
    let per_10_min = number("GUARD_NUMBER_PER_10_MIN", 5, 1..=100);
    let per_day = number("GUARD_NUMBER_PER_DAY", 10, 1..=1000);
    pace(Duration::from_secs(first.into()), per_10_min, per_day)
}

fn read_unlinked(vars: &Vars, faults: &mut Faults) -> Unlinked {
    match vars.get("GUARD_UNLINKED").map(str::to_ascii_lowercase).as_deref() {
        None => Unlinked::default(),
        Some("deny") => Unlinked::Deny,
        Some(word) => match word.parse::<f64>().ok().filter(|share| *share > 0.0 && *share <= 1.0) {
            Some(share) => Unlinked::Share(share),
            None => faults.add(
                "GUARD_UNLINKED",
                "is no share",
                "set a number above 0 and at most 1, such as 0.25, or deny for none",
            ),
        },
    }
}

fn read_daily_limit(vars: &Vars, faults: &mut Faults) -> Option<u64> {
    const NAME: &str = "SMS_DAILY_LIMIT";
    vars.get(NAME).map(|value| faults.number(NAME, Some(value), 0, 1..=100_000_000))
}

fn read_allow(vars: &Vars, faults: &mut Faults) -> Vec<Prefix> {
    const NAME: &str = "GUARD_ALLOW";
    let mut allow = Vec::new();
    for (place, entry) in vars.get(NAME).into_iter().flat_map(entries) {
        match Prefix::parse(entry) {
            Some(prefix) => allow.push(prefix),
            None => faults.add(
                NAME,
                format!("has something that is neither number nor prefix (its entry no. {place})"),
                "write + and the country code, then some digits or all: +15550100001,+4930",
            ),
        }
    }
    allow
}

fn read_by_address(vars: &Vars, faults: &mut Faults) -> bool {
    match vars.get("GUARD_IP").map(str::to_ascii_lowercase).as_deref() {
        None | Some("0" | "false" | "no" | "off") => false,
        Some("1" | "true" | "yes" | "on") => true,
        Some(_) => faults.add("GUARD_IP", "is not a word it knows", "set 1, or unset it"),
    }
}
