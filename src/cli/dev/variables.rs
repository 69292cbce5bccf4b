//! What `dev` takes from the environment, and what it leaves alone: a `.env` beside it is often production's.

use crate::config::variables::{Section, VARIABLES};
use crate::config::{Settings, is_loopback};
use crate::dev::ENDPOINT_ID;
use std::collections::{BTreeSet, HashMap};
use url::Url;

/// What a developer may want to see the effect of, and whom an app on `https://localhost` asks to believe; everything
/// else is the emulator's.
const TAKEN_OVER: [&str; 10] = [
    "APP_NAME",
    "BEFORE_CREATE",
    "GUARD",
    "LOG_FORMAT",
    "RUST_LOG",
    "SMS_TEMPLATE",
    "SMS_WEB_OTP_DOMAIN",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "WORKERS",
];

/// How the names of what may be ignored begin. `HOST` is none: shells set it too.
const OURS: [&str; 13] = [
    "BIRD_",
    "FORWARD_",
    "GUARD_",
    "HASH_KEY",
    "MAX_IN_FLIGHT",
    "MESSAGEBIRD_",
    "METRICS_PORT",
    "NEON_",
    "PUBLIC_URL",
    "SMS_",
    "STORE_",
    "TWILIO_",
    "VONAGE_",
];

/// The settings of the relay of `dev`, and the names of the variables that it ignores.
///
/// The store is always its own memory: what waits in the one of `.env` is production's, and would go to this machine.
///
/// # Errors
/// [`ConfigErrors`](crate::config::ConfigErrors) if one that counts is wrong.
pub(super) fn settings(
    vars: &HashMap<String, String>,
    auth_url: &Url,
) -> anyhow::Result<(Settings, Vec<String>)> {
    let fixed = [
        ("HOST", "127.0.0.1"),
        ("METRICS_PORT", "0"),
        ("NEON_AUTH_URL", auth_url.as_str()),
        ("NEON_ENDPOINT_IDS", ENDPOINT_ID),
        // Stands in for the inbox, which has no name outside of this command.
        ("SMS_PROVIDER", "log"),
        ("ALLOW_LOG_PROVIDER", "1"),
        ("STORE_URL", "memory:"),
    ];
    let mut taken: BTreeSet<_> = TAKEN_OVER.into();
    taken.extend(vars.keys().map(String::as_str).filter(|name| name.starts_with("SMS_TEMPLATE_")));
    // The one of `.env` may be the production app's, to whom emulated users are strangers.
    if vars
        .get("FORWARD_URL")
        .and_then(|url| Url::parse(url.trim()).ok())
        .is_some_and(|url| is_loopback(&url))
    {
        taken.extend(["FORWARD_URL", "FORWARD_SECRET", "FORWARD_SECRET_FILE"]);
    }
    if vars.contains_key("GUARD") {
        taken.extend(VARIABLES.iter().filter(|variable| variable.section == Section::Guard).map(|v| v.name));
    }
    // A developer asks for one code after the other.
    let mut chosen: HashMap<_, _> = [("RUST_LOG", "warn,neon_sms_relay=info"), ("GUARD", "off")].into();
    chosen.extend(taken.iter().filter_map(|name| Some((*name, vars.get(*name)?.as_str()))));
    chosen.extend(fixed);
    let chosen = chosen.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let ignored: BTreeSet<_> = vars
        .iter()
        .filter(|(name, value)| !value.trim().is_empty() && !taken.contains(name.as_str()))
        .map(|(name, _)| name.clone())
        .filter(|name| OURS.iter().any(|ours| name.starts_with(ours)))
        .collect();
    Ok((Settings::from_vars(chosen)?, ignored.into_iter().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars<const N: usize>(vars: [(&str, &str); N]) -> HashMap<String, String> {
        vars.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    fn settings(vars: &HashMap<String, String>) -> (Settings, Vec<String>) {
        super::settings(vars, &Url::parse("http://127.0.0.1:8025/neondb/auth").unwrap()).unwrap()
    }

    #[test]
    fn events_of_emulated_users_go_to_an_app_on_this_machine_only() {
        for (url, expected) in [
            ("http://localhost:3000/hook", true),
            (" http://127.0.0.1:3000 ", true),
            ("https://app.example.com/hook", false),
            ("http://app.internal/hook", false),
        ] {
            let (settings, ignored) = settings(&vars([("FORWARD_URL", url), ("FORWARD_SECRET", "s3cret")]));
            let forward = settings.forward;
            let taken = (!forward.routing.targets.is_empty(), forward.secret.is_some(), ignored.is_empty());
            assert_eq!(taken, (expected, expected, expected), "{url}");
        }
    }

    #[test]
    fn nothing_is_refused_unless_the_developer_wants_to_see_it() {
        let mode = |given: &[(&str, &str)]| {
            let vars = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let (settings, ignored) = settings(&vars);
            (settings.guard.settings.mode.as_str(), ignored.len())
        };
        assert_eq!(mode(&[("GUARD_NUMBER_PER_DAY", "1")]), ("off", 1));
        assert_eq!(mode(&[("GUARD", "enforce"), ("GUARD_NUMBER_PER_DAY", "1")]), ("enforce", 0));
    }

    #[test]
    fn what_belongs_to_production_is_ignored_by_name() {
        let (settings, ignored) = settings(&vars([
            ("STORE_URL", "postgres://s3cret@db.example.com/app"),
            ("HASH_KEY", "s3cret"),
            ("TWILIO_AUTH_TOKEN", "s3cret"),
            ("TWILIO_FROM_NUMBER", " "),
            ("FORWARD_URL_EP_COOL_SOUND_12345678", "https://app.example.com"),
            ("SMS_TEMPLATE", "{{ code }}"),
            ("PATH", "/bin"),
            ("HOST", "x86_64-conda-linux-gnu"),
        ]));
        let expected = ["FORWARD_URL_EP_COOL_SOUND_12345678", "HASH_KEY", "STORE_URL", "TWILIO_AUTH_TOKEN"];
        assert_eq!(ignored, expected);
        assert!(settings.store.hash_key.is_none());
    }
}
