//! What differs by country: `NAME_<ISO>` holds for numbers of one country, in place of `NAME`.

use super::Vars;
use super::chains::Reach;
use super::fault::Faults;
use super::variables::{OF_COUNTRY, variable};
use crate::domain::Region;
use sms_providers::Country;
use std::collections::BTreeMap;

/// One variable that holds for one country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Regional<'a> {
    /// As it is written.
    pub name: &'a str,
    /// Its value.
    pub value: &'a str,
}

/// Every variable of a family that is set, by country: `SMS_PROVIDER_DE` and the like of `SMS_PROVIDER`. Notes those
/// of countries that do not exist.
pub(super) fn of_countries<'a>(
    family: &str,
    vars: &'a Vars,
    faults: &mut Faults,
) -> BTreeMap<Region, Regional<'a>> {
    let (prefix, row) = (format!("{family}_"), format!("{family}{OF_COUNTRY}"));
    let mut found: BTreeMap<Region, Regional<'a>> = BTreeMap::new();
    for (name, value) in vars.with_prefix(&prefix) {
        if variable(name).is_none_or(|variable| variable.name != row) {
            continue;
        }
        let letters = &name[prefix.len()..];
        match Region::from_iso(letters) {
            None => faults.add(name, "is of a country that does not exist", which(letters)),
            Some(region) => match found.get(&region) {
                Some(other) => {
                    faults.add(name, format!("and {} are both set", other.name), "keep one of them")
                }
                None => drop(found.insert(region, Regional { name, value })),
            },
        }
    }
    found
}

/// What was meant by letters that are no country's.
fn which(letters: &str) -> String {
    const ISO: &str = "end it with the two letters of ISO 3166-1 for the country, such as DE, GB or US";
    let meant = match letters.to_ascii_uppercase().as_str() {
        "UK" => "GB for the United Kingdom",
        "EN" => "GB or US",
        "EL" => "GR",
        "DA" => "DK",
        "CS" => "CZ",
        "JA" => "JP",
        "KO" => "KR",
        "ZH" => "CN, HK or TW",
        "HI" => "IN",
        "EU" => "each of its countries by itself",
        _ => return ISO.to_owned(),
    };
    format!("is {meant} meant? {ISO}")
}

/// The senders of a family by country, each read by `read`; warns of those that no text will come from.
pub(super) fn senders<T>(
    family: &str,
    vars: &Vars,
    reach: Reach<'_>,
    faults: &mut Faults,
    warnings: &mut Vec<String>,
    read: impl Fn(Regional<'_>, &mut Faults, &mut Vec<String>) -> Option<T>,
) -> BTreeMap<Country, T> {
    let mut senders = BTreeMap::new();
    for (region, regional) in of_countries(family, vars, faults) {
        warnings.extend(reach.warning(region, regional.name));
        let sender = read(regional, faults, warnings);
        senders.extend(country(region).zip(sender));
    }
    senders
}

/// A region as providers know it.
pub(super) fn country(region: Region) -> Option<Country> {
    region.as_str().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str]) -> (Vec<String>, Vec<(String, String)>) {
        let vars = Vars::new(names.iter().map(|name| ((*name).to_owned(), "s3cret".to_owned())));
        let mut faults = Faults::default();
        let found = of_countries("SMS_PROVIDER", &vars, &mut faults);
        let found = found.into_iter().map(|(region, regional)| format!("{region} {}", regional.name));
        let found = found.collect();
        let faults = faults.into_result(()).err().map(|errors| errors.0).unwrap_or_default();
        (found, faults.into_iter().map(|fault| (fault.variable, fault.remedy)).collect())
    }

    #[test]
    fn a_country_is_named_by_its_two_letters_in_either_case() {
        let (found, faults) =
            found(&["SMS_PROVIDER_DE", "SMS_PROVIDER_gb", "SMS_PROVIDER", "SMS_PROVIDER_URL"]);
        assert_eq!((found, faults), (vec!["DE SMS_PROVIDER_DE".into(), "GB SMS_PROVIDER_gb".into()], vec![]));
    }

    #[test]
    fn a_country_that_does_not_exist_is_a_fault_that_says_which_may_be_meant() {
        for (name, words) in [
            ("SMS_PROVIDER_UK", "is GB for the United Kingdom"),
            ("SMS_PROVIDER_EN", "is GB or US meant?"),
            ("SMS_PROVIDER_XX", "two letters of ISO 3166-1"),
            ("SMS_PROVIDER_ZZ", "two letters of ISO 3166-1"),
        ] {
            let (found, faults) = found(&[name]);
            assert!(found.is_empty() && faults.len() == 1, "{name}: {found:?}");
            assert!(faults[0].0 == name && faults[0].1.contains(words), "{faults:?}");
        }
    }

    #[test]
    fn a_country_that_is_named_twice_is_a_fault() {
        let (_, faults) = found(&["SMS_PROVIDER_DE", "SMS_PROVIDER_de"]);
        assert_eq!(faults.len(), 1, "{faults:?}");
    }
}
