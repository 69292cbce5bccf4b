//! `TWILIO_…`

use super::Vars;
use super::chains::Reach;
use super::fault::Faults;
use super::regions::{Regional, country, of_countries};
use super::sender::{self, Plus};
use secrecy::SecretString;
use serde::Deserialize;
use sms_providers::Country;
use sms_providers::twilio::{Credentials, Sender, TwilioConfig};
use std::collections::BTreeMap;
use url::Url;

const NUMBER: &str = "TWILIO_FROM_NUMBER";
const SERVICE: &str = "TWILIO_MESSAGING_SERVICE_SID";

#[derive(Default, Deserialize)]
struct TwilioVars {
    account_sid: Option<String>,
    auth_token: Option<SecretString>,
    api_key_sid: Option<String>,
    api_key_secret: Option<SecretString>,
    from_number: Option<String>,
    messaging_service_sid: Option<String>,
    base_url: Option<String>,
}

/// Reads the account, or notes what is missing.
pub(super) fn read(
    vars: &Vars,
    reach: Reach<'_>,
    faults: &mut Faults,
    warnings: &mut Vec<String>,
) -> Option<TwilioConfig> {
    let twilio: TwilioVars = vars.section("TWILIO_");
    let account_sid = read_account(twilio.account_sid, faults);
    let senders = read_senders(vars, reach, faults, warnings);
    let general = [(NUMBER, &twilio.from_number), (SERVICE, &twilio.messaging_service_sid)];
    let [number, service] = general.map(|(name, value)| Some(Regional { name, value: value.as_deref()? }));
    let sender = match (number, service, reach.stand_in(&senders)) {
        (None, None, Some(of_some_country)) => Some(of_some_country),
        (number, service, _) => read_sender(number, service, faults, warnings),
    };
    let credentials =
        read_credentials(twilio.auth_token.clone(), twilio.api_key_sid, twilio.api_key_secret, faults);
    let base_url = match &twilio.base_url {
        Some(url) => faults.url("TWILIO_BASE_URL", url),
        None => Url::parse(TwilioConfig::DEFAULT_BASE_URL).ok(),
    };
    if twilio.auth_token.is_none() && vars.get("PUBLIC_URL").is_some() {
        warnings.push(
            "PUBLIC_URL is set and TWILIO_AUTH_TOKEN is not: Twilio signs delivery reports with the auth token alone, so none are asked for".to_owned(),
        );
    }
    Some(TwilioConfig {
        account_sid: account_sid?,
        credentials: credentials?,
        auth_token: twilio.auth_token,
        sender: sender?,
        senders,
        wants_feedback: faults.switch("CONVERSION_FEEDBACK", vars.get("CONVERSION_FEEDBACK"), false),
        base_url: base_url?,
    })
}

fn read_account(sid: Option<String>, faults: &mut Faults) -> Option<String> {
    const REMEDY: &str = "copy the Account SID (AC…) from the Twilio Console";
    match sid {
        Some(sid) if is_sid(&sid, "AC") => Some(sid),
        Some(_) => faults.add("TWILIO_ACCOUNT_SID", "is not an account SID", REMEDY),
        None => faults.add("TWILIO_ACCOUNT_SID", "is missing", REMEDY),
    }
}

/// The senders of single countries.
fn read_senders(
    vars: &Vars,
    reach: Reach<'_>,
    faults: &mut Faults,
    warnings: &mut Vec<String>,
) -> BTreeMap<Country, Sender> {
    let mut numbers = of_countries(NUMBER, vars, faults);
    let services = of_countries(SERVICE, vars, faults);
    let mut both: BTreeMap<_, _> = services
        .into_iter()
        .map(|(region, service)| (region, (numbers.remove(&region), Some(service))))
        .collect();
    both.extend(numbers.into_iter().map(|(region, number)| (region, (Some(number), None))));
    let mut senders = BTreeMap::new();
    for (region, (number, service)) in both {
        for set in number.iter().chain(&service) {
            warnings.extend(reach.warning(region, set.name));
        }
        let sender = read_sender(number, service, faults, warnings);
        senders.extend(country(region).zip(sender));
    }
    senders
}

fn read_sender(
    number: Option<Regional<'_>>,
    service: Option<Regional<'_>>,
    faults: &mut Faults,
    warnings: &mut Vec<String>,
) -> Option<Sender> {
    match (number, service) {
        (Some(number), Some(service)) => {
            faults.add(number.name, format!("and {} are both set", service.name), "keep one of them")
        }
        (Some(Regional { name, value }), None) if is_sid(value, "MG") => {
            let right = name.replacen(NUMBER, SERVICE, 1);
            warnings
                .push(format!("{name} holds a messaging service and is taken for one; set it as {right}"));
            Some(Sender::MessagingService(value.to_owned()))
        }
        (Some(Regional { name, value }), None) if is_sid(value, "PN") => {
            faults.add(name, "is the SID of a number and not the number", "set the number itself (+1…)")
        }
        (Some(Regional { name, value }), None) => sender::read(name, value, Plus::Needed, faults, warnings)
            .map(|form| Sender::Number(form.with_plus())),
        (None, Some(service)) if is_sid(service.value, "MG") => {
            Some(Sender::MessagingService(service.value.to_owned()))
        }
        (None, Some(service)) => faults.add(
            service.name,
            "is not a messaging service SID",
            "copy it (MG…) from the Twilio Console under Messaging",
        ),
        (None, None) => faults.add(
            NUMBER,
            "is missing, and so is TWILIO_MESSAGING_SERVICE_SID",
            "set the number (+1…) or the messaging service (MG…) that texts come from",
        ),
    }
}

fn read_credentials(
    token: Option<SecretString>,
    key_sid: Option<String>,
    key_secret: Option<SecretString>,
    faults: &mut Faults,
) -> Option<Credentials> {
    match (token, key_sid, key_secret) {
        (_, Some(sid), Some(secret)) if is_sid(&sid, "SK") => Some(Credentials::ApiKey { sid, secret }),
        (_, Some(_), Some(_)) => {
            faults.add("TWILIO_API_KEY_SID", "is not an API key SID", "copy it (SK…) from the Twilio Console")
        }
        (_, Some(_), None) => faults.add(
            "TWILIO_API_KEY_SECRET",
            "is missing beside TWILIO_API_KEY_SID",
            "set the secret that was shown when the key was made",
        ),
        (_, None, Some(_)) => faults.add(
            "TWILIO_API_KEY_SID",
            "is missing beside TWILIO_API_KEY_SECRET",
            "set the key's SID (SK…)",
        ),
        (Some(token), None, None) => Some(Credentials::AuthToken(token)),
        (None, None, None) => faults.add(
            "TWILIO_AUTH_TOKEN",
            "is missing, and so is TWILIO_API_KEY_SID",
            "set the account's auth token, or an API key and its secret",
        ),
    }
}

/// Two capital letters and 32 hex digits (<https://www.twilio.com/docs/glossary/what-is-a-sid>).
fn is_sid(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|hex| hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::chains::Chains;
    use sms_providers::ProviderName;

    fn faults(vars: &[(&str, &str)]) -> (Vec<String>, Option<TwilioConfig>) {
        let vars = Vars::new(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut faults = Faults::default();
        let chains = Chains::default();
        let config = read(&vars, chains.reach(ProviderName::Twilio), &mut faults, &mut Vec::new());
        let faults = faults.into_result(()).err().map(|errors| errors.0).unwrap_or_default();
        (faults.into_iter().map(|fault| fault.variable).collect(), config)
    }

    const ACCOUNT: (&str, &str) = ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    const TOKEN: (&str, &str) = ("TWILIO_AUTH_TOKEN", "token");
    const FROM: (&str, &str) = ("TWILIO_FROM_NUMBER", "+15005550006");
    const KEY: (&str, &str) = ("TWILIO_API_KEY_SID", "SKbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    const SECRET: (&str, &str) = ("TWILIO_API_KEY_SECRET", "secret");

    #[test]
    fn an_account_a_token_and_a_sender_are_enough() {
        let (faults, config) = faults(&[ACCOUNT, TOKEN, FROM]);
        assert_eq!(faults, Vec::<String>::new());
        let config = config.unwrap();
        assert_eq!(config.base_url.as_str(), "https://api.twilio.com/");
        assert!(config.signing_token().is_some());
    }

    #[test]
    fn an_api_key_sends_and_the_token_stays_for_the_reports() {
        let (_, config) = faults(&[ACCOUNT, TOKEN, KEY, SECRET, FROM]);
        let config = config.unwrap();
        assert!(matches!(config.credentials, Credentials::ApiKey { .. }));
        assert!(config.signing_token().is_some());
    }

    #[test]
    fn each_missing_or_wrong_part_is_named() {
        let missing = ["TWILIO_ACCOUNT_SID", "TWILIO_FROM_NUMBER", "TWILIO_AUTH_TOKEN"];
        assert_eq!(faults(&[]).0, missing);
        let service = ("TWILIO_MESSAGING_SERVICE_SID", "MGcccccccccccccccccccccccccccccccc");
        assert_eq!(faults(&[ACCOUNT, TOKEN, FROM, service]).0, ["TWILIO_FROM_NUMBER"]);
        assert_eq!(faults(&[ACCOUNT, KEY, FROM]).0, ["TWILIO_API_KEY_SECRET"]);
        assert_eq!(faults(&[ACCOUNT, SECRET, FROM]).0, ["TWILIO_API_KEY_SID"]);
        assert_eq!(faults(&[("TWILIO_ACCOUNT_SID", "AC1"), TOKEN, FROM]).0, ["TWILIO_ACCOUNT_SID"]);
    }
}
