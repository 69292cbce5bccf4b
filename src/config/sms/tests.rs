use super::*;

const TWILIO: [(&str, &str); 3] = [
    ("SMS_PROVIDER", "twilio"),
    ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    ("TWILIO_AUTH_TOKEN", "s3cret"),
];
const FROM: (&str, &str) = ("TWILIO_FROM_NUMBER", "+15005550006");
const VONAGE: [(&str, &str); 2] = [("VONAGE_API_KEY", "k"), ("VONAGE_API_SECRET", "s3cret")];

fn read(vars: &[&[(&str, &str)]]) -> Result<(SmsSettings, Vec<String>), ConfigErrors> {
    let vars = vars.iter().copied().flatten();
    SmsSettings::from_vars(vars.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

fn region(letters: &str) -> Option<Region> {
    Region::from_iso(letters)
}

#[test]
fn what_is_said_for_a_country_holds_there_and_the_general_order_comes_first() {
    let more =
        [FROM, ("SMS_PROVIDER_DE", "vonage, twilio"), ("VONAGE_FROM", "Acme"), ("VONAGE_FROM_DE", "AcmeDE")];
    let text = [("SMS_TEMPLATE_gb", "Joe's: {{ code }}")];
    let (settings, warnings) = read(&[&TWILIO, &VONAGE, &more, &text]).unwrap();
    let everybody: Vec<_> = settings.providers.iter().map(ProviderSettings::name).collect();
    assert_eq!(everybody, [ProviderName::Twilio, ProviderName::Vonage]);
    assert_eq!(settings.order(region("DE")), [ProviderName::Vonage, ProviderName::Twilio]);
    assert_eq!(
        (settings.order(region("US")), settings.order(None)),
        (&[ProviderName::Twilio][..], &settings.order[..])
    );
    assert!(settings.regions[&region("GB").unwrap()].template.is_some());
    assert_eq!(
        settings.countries().into_iter().collect::<Vec<_>>(),
        [region("DE").unwrap(), region("GB").unwrap()]
    );
    assert_eq!(settings.with_own_sender(region("DE").unwrap()).collect::<Vec<_>>(), [ProviderName::Vonage]);
    assert_eq!(warnings, Vec::<String>::new());
}

#[test]
fn every_fault_of_what_differs_by_country_is_told_at_once_and_no_value_is() {
    let more = [
        FROM,
        ("SMS_PROVIDER_DE", "vonage"),
        ("SMS_PROVIDER_FR", "twilio,s3cret"),
        ("SMS_PROVIDER_IT", "log"),
        ("SMS_PROVIDER_UK", "twilio"),
        ("SMS_TEMPLATE_AT", "s3cret without"),
        ("SMS_TEMPLATE_XX", "{{ code }}"),
        ("TWILIO_FROM_NUMBER_GB", "+447700900123"),
        ("TWILIO_MESSAGING_SERVICE_SID_GB", "MGaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("TWILIO_FROM_NUMBER_CH", "s3cret s3cret s3cret"),
        ("TWILIO_MESSAGING_SERVICE_SID_NL", "s3cret"),
        ("VONAGE_FROM_DE", "s3cret is much too long"),
    ];
    let errors = read(&[&TWILIO, &more]).unwrap_err();
    let mut names: Vec<_> = errors.0.iter().map(|fault| fault.variable.as_str()).collect();
    names.sort_unstable();
    let expected = [
        "SMS_PROVIDER_DE",
        "SMS_PROVIDER_FR",
        "SMS_PROVIDER_IT",
        "SMS_PROVIDER_UK",
        "SMS_TEMPLATE_AT",
        "SMS_TEMPLATE_XX",
        "TWILIO_FROM_NUMBER_CH",
        "TWILIO_FROM_NUMBER_GB",
        "TWILIO_MESSAGING_SERVICE_SID_NL",
        "VONAGE_API_KEY",
        "VONAGE_API_SECRET",
        "VONAGE_FROM",
        "VONAGE_FROM_DE",
    ];
    assert_eq!(names, expected);
    let text = errors.to_string();
    assert!(text.contains("SMS_PROVIDER_DE names vonage, which cannot be used"), "{text}");
    assert!(text.contains("GB for the United Kingdom") && !text.contains("s3cret"), "{text}");
}

#[test]
fn who_is_asked_for_countries_with_senders_of_their_own_needs_no_general_one() {
    let vonage = [("SMS_PROVIDER_DE", "vonage"), ("VONAGE_FROM_DE", "Acme")];
    assert!(read(&[&TWILIO, &[FROM], &VONAGE, &vonage]).is_ok());
    let faults = |more: &[(&str, &str)]| {
        let errors = read(&[&TWILIO, &[FROM], &VONAGE, &vonage, more]).err();
        errors.map(|errors| errors.0[0].variable.clone())
    };
    assert_eq!(faults(&[("SMS_PROVIDER_FR", "vonage")]).as_deref(), Some("VONAGE_FROM"));
    assert_eq!(faults(&[("SMS_PROVIDER", "twilio,vonage")]).as_deref(), Some("VONAGE_FROM"));
    let twilio = [("SMS_PROVIDER", "vonage"), ("SMS_PROVIDER_GB", "twilio"), ("VONAGE_FROM", "Acme")];
    let service = [("TWILIO_MESSAGING_SERVICE_SID_GB", "MGaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")];
    assert!(read(&[&TWILIO, &VONAGE, &twilio, &service]).is_ok());
    let bird = [
        ("SMS_PROVIDER_FR", "bird"),
        ("MESSAGEBIRD_ACCESS_KEY", "s3cret"),
        ("BIRD_WORKSPACE_ID", "6d0ba4f0-8f5c-4d5e-9a39-1d1f3f0f3b1d"),
        ("BIRD_CHANNEL_ID_FR", "6d0ba4f0-8f5c-4d5e-9a39-1d1f3f0f3b1e"),
    ];
    let (settings, warnings) = read(&[&TWILIO, &[FROM], &bird]).unwrap();
    assert_eq!(
        settings.with_own_sender(region("FR").unwrap()).collect::<Vec<_>>(),
        [ProviderName::MessageBird]
    );
    assert_eq!(warnings, Vec::<String>::new());
}

#[test]
fn a_sender_that_no_text_comes_from_is_warned_about() {
    let more = [
        FROM,
        ("SMS_PROVIDER_DE", "vonage"),
        ("VONAGE_FROM", "Acme"),
        ("VONAGE_FROM_US", "Acme"),
        ("TWILIO_FROM_NUMBER_DE", "+4915112345678"),
        ("MESSAGEBIRD_ORIGINATOR_DE", "Acme"),
    ];
    let (_, warnings) = read(&[&TWILIO, &VONAGE, &more]).unwrap();
    let expected = [
        "MESSAGEBIRD_… is set and has no effect: messagebird is not in SMS_PROVIDER",
        "TWILIO_FROM_NUMBER_DE is set and has no effect: twilio is not in SMS_PROVIDER_DE",
        "VONAGE_FROM_US is set and has no effect: vonage is not in SMS_PROVIDER",
    ];
    assert_eq!(warnings, expected);
}
