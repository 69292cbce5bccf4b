//! `MESSAGEBIRD_…`, `BIRD_WORKSPACE_ID`, `BIRD_CHANNEL_ID`

use super::Vars;
use super::chains::Reach;
use super::fault::Faults;
use super::regions::{self, Regional};
use super::sender::{self, Plus};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sms_providers::Country;
use sms_providers::messagebird::{ChannelsConfig, ClassicConfig, V1Config, WebhookSecret};
use std::collections::BTreeMap;
use url::Url;
use uuid::Uuid;

/// One account and the API to use.
#[derive(Debug, Clone)]
pub enum MessageBirdSettings {
    /// `classic`, and the key that its delivery reports are signed with.
    Classic(ClassicConfig, Option<SecretString>),
    /// `channels`
    Channels(ChannelsConfig),
    /// `v1`
    V1(V1Config),
}

const ORIGINATOR: &str = "MESSAGEBIRD_ORIGINATOR";
const CHANNEL: &str = "BIRD_CHANNEL_ID";

#[derive(Default, Deserialize)]
struct MessageBirdVars {
    api: Option<String>,
    access_key: Option<SecretString>,
    signing_key: Option<SecretString>,
    base_url: Option<String>,
}

#[derive(Clone, Copy)]
enum Api {
    Classic,
    Channels,
    V1,
}

/// Reads the account, or notes what is missing.
pub(super) fn read(
    vars: &Vars,
    reach: Reach<'_>,
    faults: &mut Faults,
    warnings: &mut Vec<String>,
) -> Option<MessageBirdSettings> {
    let bird: MessageBirdVars = vars.section("MESSAGEBIRD_");
    let api = choose_api(vars, &bird, faults)?;
    let access_key = bird.access_key.clone().or_else(|| {
        faults.add(
            "MESSAGEBIRD_ACCESS_KEY",
            "is missing",
            "copy it from the dashboard of MessageBird or Bird",
        )
    });
    let idle = if matches!(api, Api::Channels) { ORIGINATOR } else { CHANNEL };
    for (_, regional) in regions::of_countries(idle, vars, faults) {
        warnings.push(format!("{} is set and has no effect with this MESSAGEBIRD_API", regional.name));
    }
    match api {
        Api::Classic => {
            let (originator, senders) = read_originators(vars, reach, faults, warnings);
            let base_url = read_base_url(&bird, Url::parse(ClassicConfig::DEFAULT_BASE_URL).ok(), faults);
            let wants_reports = bird.signing_key.is_some();
            let config = ClassicConfig {
                access_key: access_key?,
                originator: originator?,
                senders,
                wants_reports,
                base_url: base_url?,
            };
            Some(MessageBirdSettings::Classic(config, bird.signing_key))
        }
        Api::Channels => {
            let workspace_id = read_id("BIRD_WORKSPACE_ID", vars, faults, warnings);
            let channels = regions::senders(CHANNEL, vars, reach, faults, warnings, read_channel);
            let channel_id = match (vars.get(CHANNEL), reach.stand_in(&channels)) {
                (None, Some(of_some_country)) => Some(of_some_country),
                _ => read_id(CHANNEL, vars, faults, warnings),
            };
            let base_url = read_base_url(&bird, Url::parse(ChannelsConfig::DEFAULT_BASE_URL).ok(), faults);
            Some(MessageBirdSettings::Channels(ChannelsConfig {
                access_key: access_key?,
                workspace_id: workspace_id?,
                channel_id: channel_id?,
                channels,
                signing_key: bird.signing_key,
                base_url: base_url?,
            }))
        }
        Api::V1 => {
            let (from, senders) = read_originators(vars, reach, faults, warnings);
            let of_region = access_key.as_ref().and_then(|key| V1Config::base_url_of(key.expose_secret()));
            if access_key.is_some() && of_region.is_none() {
                return faults.add(
                    "MESSAGEBIRD_ACCESS_KEY",
                    "is not a key of Bird's platform v1",
                    "set a key of the form bk_{region}_…, or another MESSAGEBIRD_API",
                );
            }
            let base_url = read_base_url(&bird, of_region, faults);
            let webhook_secret = bird.signing_key.and_then(|secret| read_webhook_secret(secret, faults));
            Some(MessageBirdSettings::V1(V1Config {
                api_key: access_key?,
                from: from?,
                senders,
                webhook_secret,
                base_url: base_url?,
            }))
        }
    }
}

fn read_webhook_secret(secret: SecretString, faults: &mut Faults) -> Option<WebhookSecret> {
    WebhookSecret::new(secret).ok().or_else(|| {
        faults.add(
            "MESSAGEBIRD_SIGNING_KEY",
            "is not a webhook's secret of Bird's platform v1",
            "copy the secret (whsec_…) of the webhook from the Bird dashboard",
        )
    })
}

/// `MESSAGEBIRD_API`, or what the key's form and the other variables say.
fn choose_api(vars: &Vars, bird: &MessageBirdVars, faults: &mut Faults) -> Option<Api> {
    let is_v1_key = bird.access_key.as_ref().is_some_and(|key| key.expose_secret().starts_with("bk_"));
    match bird.api.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("classic") => Some(Api::Classic),
        Some("channels") => Some(Api::Channels),
        Some("v1") => Some(Api::V1),
        Some(_) => {
            faults.add("MESSAGEBIRD_API", "is no API it knows", "set classic, channels or v1, or unset it")
        }
        None if is_v1_key => Some(Api::V1),
        None if vars.get("BIRD_WORKSPACE_ID").or(vars.get(CHANNEL)).is_some() => Some(Api::Channels),
        None => Some(Api::Classic),
    }
}

/// The general sender, and those of single countries.
fn read_originators(
    vars: &Vars,
    reach: Reach<'_>,
    faults: &mut Faults,
    warnings: &mut Vec<String>,
) -> (Option<String>, BTreeMap<Country, String>) {
    let senders = regions::senders(ORIGINATOR, vars, reach, faults, warnings, read_originator);
    let general = match (vars.get(ORIGINATOR), reach.stand_in(&senders)) {
        (Some(value), _) => read_originator(Regional { name: ORIGINATOR, value }, faults, warnings),
        (None, Some(of_some_country)) => Some(of_some_country),
        (None, None) => faults.add(
            ORIGINATOR,
            "is missing",
            "set the number or the name (up to 11 characters) that texts come from",
        ),
    };
    (general, senders)
}

fn read_originator(
    Regional { name, value }: Regional<'_>,
    faults: &mut Faults,
    warnings: &mut Vec<String>,
) -> Option<String> {
    // The plus may be there or not; it is left as it came.
    let form = sender::read(name, value, Plus::Optional, faults, warnings)?;
    Some(if value.starts_with('+') { form.with_plus() } else { form.without_plus() })
}

fn read_id(variable: &str, vars: &Vars, faults: &mut Faults, warnings: &mut Vec<String>) -> Option<String> {
    match vars.get(variable) {
        Some(value) => read_channel(Regional { name: variable, value }, faults, warnings),
        None => faults.add(variable, "is missing for the Channels API", "copy it from the Bird dashboard"),
    }
}

fn read_channel(
    Regional { name, value }: Regional<'_>,
    _: &mut Faults,
    warnings: &mut Vec<String>,
) -> Option<String> {
    if Uuid::parse_str(value).is_err() {
        warnings.push(format!("{name} is not a UUID, as Bird's ids are; copy it from the Bird dashboard"));
    }
    Some(value.to_owned())
}

fn read_base_url(bird: &MessageBirdVars, default: Option<Url>, faults: &mut Faults) -> Option<Url> {
    match &bird.base_url {
        Some(url) => faults.url("MESSAGEBIRD_BASE_URL", url),
        None => default,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::chains::Chains;
    use sms_providers::ProviderName;

    const KEY: (&str, &str) = ("MESSAGEBIRD_ACCESS_KEY", "live_s3cret");
    const V1_KEY: (&str, &str) = ("MESSAGEBIRD_ACCESS_KEY", "bk_us1_s3cret");
    const FROM: (&str, &str) = ("MESSAGEBIRD_ORIGINATOR", "Acme");
    const WORKSPACE: (&str, &str) = ("BIRD_WORKSPACE_ID", "w");
    const CHANNEL: (&str, &str) = ("BIRD_CHANNEL_ID", "c");

    fn settings(vars: &[(&str, &str)]) -> Result<MessageBirdSettings, Vec<String>> {
        let vars = Vars::new(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut faults = Faults::default();
        let chains = Chains::default();
        let settings = read(&vars, chains.reach(ProviderName::MessageBird), &mut faults, &mut Vec::new());
        faults.into_result(()).map_err(|errors| {
            assert!(!errors.to_string().contains("s3cret"));
            errors.0.into_iter().map(|fault| fault.variable).collect::<Vec<_>>()
        })?;
        Ok(settings.unwrap())
    }

    #[test]
    fn the_api_follows_from_the_key_and_from_what_else_is_set() {
        assert!(matches!(settings(&[KEY, FROM]), Ok(MessageBirdSettings::Classic(_, None))));
        assert!(matches!(settings(&[KEY, WORKSPACE, CHANNEL]), Ok(MessageBirdSettings::Channels(_))));
        let Ok(MessageBirdSettings::V1(config)) = settings(&[V1_KEY, FROM]) else { panic!("not v1") };
        assert_eq!(config.base_url.as_str(), "https://us1.platform.bird.com/");
    }

    #[test]
    fn the_variable_beats_what_would_follow() {
        let vars = [V1_KEY, FROM, WORKSPACE, CHANNEL];
        let with = |api| vars.into_iter().chain([("MESSAGEBIRD_API", api)]).collect::<Vec<_>>();
        assert!(matches!(settings(&with("classic")), Ok(MessageBirdSettings::Classic(..))));
        assert!(matches!(settings(&with("channels")), Ok(MessageBirdSettings::Channels(_))));
        assert!(matches!(settings(&with("v1")), Ok(MessageBirdSettings::V1(_))));
    }

    #[test]
    fn the_signing_key_serves_whichever_api_it_is() {
        const SECRET: (&str, &str) = ("MESSAGEBIRD_SIGNING_KEY", "whsec_czNjcmV0");
        let classic = settings(&[KEY, FROM, SECRET]);
        assert!(matches!(classic, Ok(MessageBirdSettings::Classic(_, Some(_)))));
        let channels = settings(&[KEY, WORKSPACE, CHANNEL, SECRET]);
        assert!(
            matches!(channels, Ok(MessageBirdSettings::Channels(config)) if config.signing_key.is_some())
        );
        let v1 = settings(&[V1_KEY, FROM, SECRET]);
        assert!(matches!(v1, Ok(MessageBirdSettings::V1(config)) if config.webhook_secret.is_some()));
    }

    #[test]
    fn each_missing_or_wrong_part_is_named() {
        for (vars, expected) in [
            (vec![], vec!["MESSAGEBIRD_ACCESS_KEY", "MESSAGEBIRD_ORIGINATOR"]),
            (vec![KEY, WORKSPACE], vec!["BIRD_CHANNEL_ID"]),
            (vec![V1_KEY], vec!["MESSAGEBIRD_ORIGINATOR"]),
            (vec![KEY, FROM, ("MESSAGEBIRD_API", "v1")], vec!["MESSAGEBIRD_ACCESS_KEY"]),
            (vec![KEY, FROM, ("MESSAGEBIRD_API", "v9")], vec!["MESSAGEBIRD_API"]),
            (vec![KEY, FROM, ("MESSAGEBIRD_BASE_URL", "ftp://x")], vec!["MESSAGEBIRD_BASE_URL"]),
            (vec![V1_KEY, FROM, ("MESSAGEBIRD_SIGNING_KEY", "s3cret")], vec!["MESSAGEBIRD_SIGNING_KEY"]),
        ] {
            assert_eq!(settings(&vars).unwrap_err(), expected);
        }
    }
}
