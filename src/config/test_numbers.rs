//! Numbers that are never texted, and who may read their codes.

use super::Vars;
use super::fault::Faults;
use crate::domain::test_number::end_of_day;
use crate::domain::{Clock, SystemClock, TestNumbers, check_possible};
use secrecy::SecretString;
use sms_providers::PhoneNumber;

const NUMBERS: &str = "TEST_NUMBERS";
const TOKEN: &str = "TEST_NUMBERS_TOKEN";
/// Whoever has the token reads codes: it must not be found by trying.
const SHORTEST_TOKEN: usize = 16;
const FORM: &str =
    "write each as a number, a colon and its last day: +15550100001:2026-12-31, several separated by commas";

/// `TEST_NUMBERS` and `TEST_NUMBERS_TOKEN`.
#[derive(Debug, Clone, Default)]
pub struct TestNumberSettings {
    /// What is never texted.
    pub numbers: TestNumbers,
    /// What opens their codes; `None` if no number is listed.
    pub token: Option<SecretString>,
}

impl TestNumberSettings {
    pub(super) fn read(vars: &Vars, faults: &mut Faults, warnings: &mut Vec<String>) -> Self {
        let token = vars.get(TOKEN);
        if token.is_some_and(|token| token.len() < SHORTEST_TOKEN) {
            faults.add::<()>(
                TOKEN,
                format!("is shorter than {SHORTEST_TOKEN} characters, so it could be found by trying"),
                "set the output of: openssl rand -hex 32",
            );
        }
        let Some(list) = vars.get(NUMBERS) else {
            if token.is_some() {
                warnings.push(format!("{TOKEN} is set and has no effect: {NUMBERS} lists no number"));
            }
            return Self::default();
        };
        if token.is_none() {
            faults.add::<()>(
                TOKEN,
                format!("is not set, and nobody could read the codes of {NUMBERS}"),
                format!("set the output of: openssl rand -hex 32, or unset {NUMBERS}"),
            );
        }
        let numbers = read_numbers(list, faults);
        let past = numbers.past(SystemClock.now());
        if past > 0 {
            warnings.push(format!(
                "{NUMBERS} lists {past} number(s) whose last day is over: they are texted like any other; take them \
                 out, or set a later date"
            ));
        }
        Self { numbers, token: token.map(SecretString::from) }
    }
}

fn read_numbers(list: &str, faults: &mut Faults) -> TestNumbers {
    let mut numbers = TestNumbers::default();
    for (at, entry) in list.split(',').map(str::trim).enumerate() {
        let place = format!("(its entry no. {})", at + 1);
        let (number, date) = match entry.split_once(':') {
            Some((number, date)) => (number.trim(), date.trim()),
            None if entry.is_empty() => {
                faults.add::<()>(NUMBERS, format!("has an entry that is empty {place}"), FORM);
                continue;
            }
            None => {
                faults.add::<()>(NUMBERS, format!("has a number without a last day {place}"), FORM);
                continue;
            }
        };
        let possible = number.parse::<PhoneNumber>().ok().filter(|number| check_possible(number).is_ok());
        match (possible, end_of_day(date)) {
            (None, _) => faults.add(NUMBERS, format!("has a number that cannot exist {place}"), FORM),
            (_, None) => faults.add(NUMBERS, format!("has a date that is none {place}"), FORM),
            (Some(number), Some(until)) if !numbers.list(&number, until) => {
                faults.add(NUMBERS, format!("lists a number twice {place}"), "list each number once")
            }
            (Some(_), Some(_)) => {}
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN_OF_A_TEST: &str = "a-token-of-some-length";

    fn read(vars: &[(&str, &str)]) -> (TestNumberSettings, Vec<(String, String)>, Vec<String>) {
        let vars = Vars::new(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let (mut faults, mut warnings) = (Faults::default(), Vec::new());
        let settings = TestNumberSettings::read(&vars, &mut faults, &mut warnings);
        let faults = faults.into_result(()).err().map(|errors| errors.0).unwrap_or_default();
        (settings, faults.into_iter().map(|fault| (fault.variable, fault.problem)).collect(), warnings)
    }

    #[test]
    fn each_number_is_listed_until_its_day() {
        let list = "+15550100001:2099-12-31, +447700900123 : 2099-01-01";
        let (settings, faults, warnings) = read(&[(NUMBERS, list), (TOKEN, TOKEN_OF_A_TEST)]);
        assert!(faults.is_empty() && warnings.is_empty(), "{faults:?} {warnings:?}");
        let now = SystemClock.now();
        for number in ["+15550100001", "+447700900123"] {
            assert!(settings.numbers.holds(&number.parse().unwrap(), now), "{number}");
        }
        assert!(settings.token.is_some());
    }

    #[test]
    fn what_is_no_list_of_numbers_and_days_is_told_by_its_place_and_never_shown() {
        for (list, problem) in [
            ("+15550100001:2099-12-31,+15550100002", "without a last day (its entry no. 2)"),
            ("+15550100001:2099-12-31,", "is empty (its entry no. 2)"),
            ("15550100001:2099-12-31", "cannot exist (its entry no. 1)"),
            ("+15550:2099-12-31", "cannot exist (its entry no. 1)"),
            ("+15550100001:31.12.2099", "a date that is none (its entry no. 1)"),
            ("+15550100001:2099-02-30", "a date that is none (its entry no. 1)"),
            ("+447700900123:2099-12-31,+4407700900123:2099-12-31", "twice (its entry no. 2)"),
        ] {
            let (_, faults, _) = read(&[(NUMBERS, list), (TOKEN, TOKEN_OF_A_TEST)]);
            assert_eq!(faults.len(), 1, "{list}: {faults:?}");
            assert!(faults[0].0 == NUMBERS && faults[0].1.contains(problem), "{list}: {faults:?}");
            assert!(!faults[0].1.contains("555") && !faults[0].1.contains("7700"), "{faults:?}");
        }
    }

    #[test]
    fn numbers_without_a_token_and_a_token_that_can_be_guessed_are_faults() {
        let list = (NUMBERS, "+15550100001:2099-12-31");
        for token in [&[][..], &[(TOKEN, "short")]] {
            let (_, faults, _) = read(&[&[list][..], token].concat());
            assert_eq!(faults.into_iter().map(|fault| fault.0).collect::<Vec<_>>(), [TOKEN]);
        }
    }

    #[test]
    fn a_day_that_is_over_and_a_token_for_nothing_are_warned_of() {
        let (_, faults, warnings) = read(&[(NUMBERS, "+15550100001:2020-12-31"), (TOKEN, TOKEN_OF_A_TEST)]);
        assert!(
            faults.is_empty() && warnings.len() == 1 && warnings[0].contains("1 number(s)"),
            "{warnings:?}"
        );
        let (_, faults, warnings) = read(&[(TOKEN, TOKEN_OF_A_TEST)]);
        assert!(
            faults.is_empty() && warnings.len() == 1 && warnings[0].contains("no effect"),
            "{warnings:?}"
        );
    }
}
