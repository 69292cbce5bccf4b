//! Numbers, times and names as people read them.

use crate::domain::{Region, Timestamp};
use sms_providers::ProviderName;
use std::time::Duration;

/// A time span: `142 ms`, `12.3 s`, `4 min`, `3 h`.
pub(super) fn span(duration: Duration) -> String {
    match duration.as_millis() {
        millis @ 0..1000 => format!("{millis} ms"),
        1000..60_000 => format!("{:.1} s", duration.as_secs_f64()),
        millis @ 60_000..7_200_000 => format!("{} min", millis / 60_000),
        millis @ 7_200_000..172_800_000 => format!("{} h", millis / 3_600_000),
        millis => format!("{} days", millis / 86_400_000),
    }
}

/// How long ago: `now`, `40 s ago`, `4 min ago`.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> String {
    let since = now.since(at);
    match since.as_secs() {
        0..5 => "just now".to_owned(),
        seconds @ 5..60 => format!("{seconds} s ago"),
        _ => format!("{} ago", span(since)),
    }
}

/// The time of the day, with its seconds.
pub(super) fn clock(at: Timestamp) -> String {
    at.to_rfc3339().get(11..19).unwrap_or_default().to_owned()
}

/// The day.
pub(super) fn day(at: Timestamp) -> String {
    at.to_rfc3339().get(..10).unwrap_or_default().to_owned()
}

/// The hour of the day of an hour since the epoch: `14:00`.
pub(super) fn hour(hour: i64) -> String {
    format!("{:02}:00", hour.rem_euclid(24))
}

/// A number with its thousands apart.
pub(super) fn count(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or_default().to_string();
    let mut shown = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// `1 text`, `2 texts`.
pub(super) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A share of a whole; nothing of nothing is no share.
pub(super) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// `97 %`; what is not all is never shown as all.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let whole = if percent < 100.0 && percent > 99.0 { percent.floor() } else { percent.round() };
    format!("{whole:.0} %")
}

/// An amount in millionths of a currency.
pub(super) fn money(micros: i64, currency: &str) -> String {
    let micros = micros as f64 / 1e6;
    if micros.abs() < 1.0 && micros != 0.0 {
        format!("{micros:.3} {currency}")
    } else {
        format!("{micros:.2} {currency}")
    }
}

/// A provider by its own name.
pub(super) fn vendor(name: ProviderName) -> &'static str {
    match name {
        ProviderName::Twilio => "Twilio",
        ProviderName::MessageBird => "MessageBird",
        ProviderName::Vonage => "Vonage",
        ProviderName::Log => "Log",
        ProviderName::Inbox => "Inbox",
        ProviderName::Stub => "Stub",
        ProviderName::Test => "Test number",
    }
}

/// The letters of a country; numbers such as +800 have none.
pub(super) fn region(region: Option<Region>) -> String {
    region.map_or_else(|| "none".to_owned(), |region| region.to_string())
}

/// What follows a word that others chose is left out if it could steer what shows it.
pub(super) fn printable(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(200).collect()
}

/// A rule of the limits in our own words, by its name: what a decision says may go on behind it.
pub(super) fn rule(said: &str) -> Option<&'static str> {
    Some(match said.split([' ', ':', '=']).next().unwrap_or_default() {
        "allow_list" => "GUARD_ALLOW lets this number through",
        "verified_before" => "it would have been refused, but the number was verified lately",
        "fixed_line" => "a landline, which many countries cannot text to",
        "blocked" => "somebody closed this prefix",
        "number_kind" => "numbers of this kind get no text",
        "country_list" => "texts to this country are not allowed",
        "unlinked" => "no user has this number, and such numbers get no text",
        "prefix" => "too many numbers that begin like this one were not verified",
        "run" => "numbers were asked for one after the other and not verified",
        "country_hour" => "this country had enough unverified codes in the last hour",
        "country_day" => "this country had enough unverified codes in the last day",
        "unlinked_hour" => "numbers of no user of this country had enough unverified codes in the last hour",
        "unlinked_day" => "numbers of no user of this country had enough unverified codes in the last day",
        "address_hour" => "this address asked for enough unverified codes in the last hour",
        "address_day" => "this address asked for enough unverified codes in the last day",
        "daily_limit" => "SMS_DAILY_LIMIT is reached",
        "daily_spend" => "SMS_DAILY_SPEND is reached",
        "number_pause" => "the last text to this number was a moment ago",
        "number_per_10_min" => "this number had enough texts in ten minutes",
        "number_per_day" => "this number had enough texts in a day",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_counts_are_shown_as_people_write_them() {
        let shown =
            [0, 142, 12_345, 240_000, 10_800_000, 200_000_000].map(|ms| span(Duration::from_millis(ms)));
        assert_eq!(shown, ["0 ms", "142 ms", "12.3 s", "4 min", "3 h", "2 days"]);
        assert_eq!([0_u64, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn every_rule_of_the_limits_is_said_in_words() {
        for rule in crate::guard::Rule::ALL {
            assert!(super::rule(rule.as_str()).is_some(), "{}", rule.as_str());
        }
        assert_eq!(rule("a_rule_to_come"), None);
    }

    #[test]
    fn what_is_not_all_is_never_shown_as_all() {
        assert_eq!([1.0, 0.9996, 0.971, 0.0].map(percent), ["100 %", "99 %", "97 %", "0 %"]);
    }
}
