use super::*;
use crate::config::ConfigErrors;
use crate::guard::KINDS_DENIED;

fn read(vars: &[(&str, &str)]) -> (Result<GuardSection, ConfigErrors>, Vec<String>) {
    let vars = Vars::new(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let (mut faults, mut warnings) = (Faults::default(), Vec::new());
    let section = GuardSection::read(&vars, &mut faults, &mut warnings);
    (faults.into_result(section), warnings)
}

fn settings(vars: &[(&str, &str)]) -> GuardSettings {
    read(vars).0.unwrap().settings
}

fn faulty(vars: &[(&str, &str)]) -> Vec<String> {
    read(vars).0.unwrap_err().0.into_iter().map(|fault| fault.variable).collect()
}

#[test]
fn nothing_set_is_the_documented_defaults() {
    let (section, warnings) = read(&[]);
    let section = section.unwrap();
    assert!(warnings.is_empty());
    let settings = section.settings;
    assert_eq!((settings.mode, settings.unlinked), (Mode::Enforce, Unlinked::Share(0.25)));
    assert_eq!(settings.kinds_deny, HashSet::from(KINDS_DENIED));
    assert_eq!(*settings.pace, pace(Duration::from_secs(30), 5, 10));
    assert!(settings.countries.is_none() && settings.countries_deny.is_empty() && !settings.by_address);
    assert_eq!((settings.daily_limit, settings.daily_spend), (None, None));
}

#[test]
fn everything_that_is_set_is_read() {
    let settings = settings(&[
        ("GUARD", "Record"),
        ("SMS_COUNTRIES", "de, AT,ch"),
        ("SMS_NUMBER_TYPES_DENY", "premium_rate, voip"),
        ("GUARD_NUMBER_PAUSE_SECONDS", "0"),
        ("GUARD_NUMBER_PER_10_MIN", "3"),
        ("GUARD_NUMBER_PER_DAY", "7"),
        ("GUARD_UNLINKED", "DENY"),
        ("SMS_DAILY_LIMIT", "1000"),
        ("SMS_DAILY_SPEND", "20 USD"),
        ("SMS_PRICE", "0.05 USD"),
        ("SMS_PRICE_DE", "0.1 usd"),
        ("GUARD_ALLOW", "+15550100001, +4930"),
        ("GUARD_IP", "1"),
    ]);
    assert_eq!(settings.mode, Mode::Record);
    assert_eq!(settings.countries.as_ref().map(HashSet::len), Some(3));
    assert_eq!(settings.kinds_deny, HashSet::from([NumberKind::PremiumRate, NumberKind::Voip]));
    assert_eq!(*settings.pace, pace(Duration::ZERO, 3, 7));
    assert_eq!((settings.unlinked, settings.by_address), (Unlinked::Deny, true));
    assert_eq!((settings.daily_limit, settings.daily_spend), (Some(1000), Some(20_000_000)));
    let prices = settings.prices.as_ref().unwrap();
    assert_eq!((prices.of(Region::from_iso("DE")), prices.of(None)), (100_000, 50_000));
    assert_eq!(settings.allow.len(), 2);
}

#[test]
fn wrong_values_are_named_by_their_variable() {
    for (name, value) in [
        ("GUARD", "on"),
        ("SMS_COUNTRIES", "DE,XX"),
        ("SMS_COUNTRIES", "Germany"),
        ("SMS_COUNTRIES", "DE,"),
        ("SMS_COUNTRIES", "UK"),
        ("SMS_COUNTRIES_DENY", "ZZ"),
        ("SMS_NUMBER_TYPES_DENY", "satellite"),
        ("SMS_NUMBER_TYPES_DENY", "mobile"),
        ("SMS_NUMBER_TYPES_DENY", "none,pager"),
        ("GUARD_NUMBER_PAUSE_SECONDS", "-1"),
        ("GUARD_NUMBER_PER_10_MIN", "0"),
        ("GUARD_NUMBER_PER_DAY", "many"),
        ("GUARD_UNLINKED", "0"),
        ("GUARD_UNLINKED", "25%"),
        ("GUARD_UNLINKED", "NaN"),
        ("SMS_DAILY_LIMIT", "0"),
        ("SMS_DAILY_SPEND", "20"),
        ("SMS_DAILY_SPEND", "20 USD"),
        ("SMS_PRICE", "free"),
        ("SMS_PRICE", "0 USD"),
        ("SMS_PRICE_XX", "0.05 USD"),
        ("SMS_PRICE_DE", "0.05"),
        ("GUARD_ALLOW", "+0155"),
        ("GUARD_ALLOW", "everybody"),
        ("GUARD_IP", "maybe"),
    ] {
        assert_eq!(faulty(&[(name, value)]), [name], "{name}={value}");
    }
}

#[test]
fn what_contradicts_itself_is_a_fault() {
    let both = [("SMS_COUNTRIES", "DE,AT"), ("SMS_COUNTRIES_DENY", "at")];
    assert_eq!(faulty(&both), ["SMS_COUNTRIES_DENY"]);
    for prices in [&[("SMS_PRICE_DE", "0.1 USD")][..], &[("SMS_PRICE", "0.05 EUR")]] {
        let vars = [&[("SMS_DAILY_SPEND", "20 USD")], prices].concat();
        assert_eq!(faulty(&vars), ["SMS_DAILY_SPEND"], "{prices:?}");
    }
    assert_eq!(faulty(&[("SMS_PRICE", "0.05 USD"), ("SMS_PRICE_DE", "0.1 EUR")]), ["SMS_PRICE_DE"]);
}

#[test]
fn every_fault_is_told_at_once_and_no_value_is() {
    let vars = [
        ("GUARD", "s3cret"),
        ("SMS_COUNTRIES", "s3cret"),
        ("SMS_PRICE", "s3cret"),
        ("SMS_DAILY_SPEND", "1 USD"),
    ];
    let text = read(&vars).0.unwrap_err().to_string();
    assert!(["GUARD ", "SMS_COUNTRIES ", "SMS_PRICE "].iter().all(|name| text.contains(name)), "{text}");
    assert!(!text.contains("s3cret") && !text.contains("SMS_DAILY_SPEND"), "{text}");
}

#[test]
fn what_has_no_effect_is_warned_about() {
    let (section, warnings) = read(&[("GUARD", "off"), ("SMS_COUNTRIES", "DE")]);
    assert!(section.is_ok());
    assert_eq!(warnings, ["SMS_COUNTRIES is set and has no effect: GUARD is off"]);
}

#[test]
fn that_all_countries_are_sent_to_is_told() {
    let told = |vars: &[(&str, &str)]| read(vars).0.unwrap().remark().is_some();
    assert!(told(&[]) && told(&[("GUARD", "record")]));
    for vars in [("GUARD", "off"), ("SMS_COUNTRIES", "DE"), ("SMS_COUNTRIES_DENY", "CI")] {
        assert!(!told(&[vars]), "{vars:?}");
    }
}
