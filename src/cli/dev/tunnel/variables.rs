//! What `dev --tunnel` takes from the environment: everything about the branch and the app, and the vendors only if
//! real texts are wanted.

use crate::config::Settings;
use std::collections::HashMap;

/// Where this relay listens and what it remembers is its own: what a store holds is production's.
const OWN: [(&str, &str); 3] = [("HOST", "127.0.0.1"), ("METRICS_PORT", "0"), ("STORE_URL", "memory:")];
/// Follows from the tunnel.
const OF_THE_TUNNEL: [&str; 3] = ["PUBLIC_URL", "PORT", "NEON_TIMEOUT_SECONDS"];
/// How the names of what sends real texts begin.
const OF_VENDORS: [&str; 6] =
    ["SMS_PROVIDER", "ALLOW_LOG_PROVIDER", "TWILIO_", "MESSAGEBIRD_", "BIRD_", "VONAGE_"];
/// Stands in for the inbox, which has no name outside of this command.
const INBOX: [(&str, &str); 2] = [("SMS_PROVIDER", "log"), ("ALLOW_LOG_PROVIDER", "1")];

/// The settings of the relay.
///
/// # Errors
/// [`ConfigErrors`](crate::config::ConfigErrors) if one that counts is missing or wrong.
pub(super) fn settings(vars: &HashMap<String, String>, real_sms: bool) -> anyhow::Result<Settings> {
    let is_left_out = |name: &str| {
        OF_THE_TUNNEL.contains(&name)
            || OWN.iter().any(|(own, _)| *own == name)
            || (!real_sms && OF_VENDORS.iter().any(|vendors| name.starts_with(vendors)))
    };
    let mut chosen: HashMap<_, _> = [("RUST_LOG", "warn,neon_sms_relay=info"), ("GUARD", "off")].into();
    chosen.extend(
        vars.iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| !is_left_out(name)),
    );
    chosen.extend(OWN);
    if !real_sms {
        chosen.extend(INBOX);
    }
    let chosen = chosen.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut settings = Settings::from_vars(chosen)?;
    // Nobody has chosen it.
    settings
        .warnings
        .retain(|warning| !warning.starts_with("STORE_URL") && !warning.ends_with("GUARD is off"));
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ProviderSettings;

    const PRODUCTION: [(&str, &str); 8] = [
        ("NEON_AUTH_URL", "https://ep-a-1.neonauth.us-east-1.aws.neon.tech/neondb/auth"),
        ("STORE_URL", "postgres://relay:s3cret@db.example.com/relay"),
        ("PUBLIC_URL", "https://sms.example.com"),
        ("FORWARD_URL", "https://app.example.com/hook"),
        ("SMS_PROVIDER", "twilio"),
        ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("TWILIO_AUTH_TOKEN", "s3cret"),
        ("TWILIO_FROM_NUMBER", "+15005550006"),
    ];

    fn vars() -> HashMap<String, String> {
        PRODUCTION.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    #[test]
    fn the_branch_and_the_app_are_the_real_ones_and_the_store_is_not() {
        let settings = settings(&vars(), false).unwrap();
        assert!(settings.store.is_memory());
        assert!(settings.server.public_url.is_none());
        assert!(!settings.forward.routing.targets.is_empty());
        assert_eq!(settings.neon.jwks_urls.len(), 1);
        assert!(matches!(settings.sms.providers[..], [ProviderSettings::Log]));
        assert!(settings.warnings.is_empty(), "{:?}", settings.warnings);
    }

    #[test]
    fn vendors_are_asked_only_where_real_texts_are_wanted() {
        let real = settings(&vars(), true).unwrap();
        assert!(matches!(real.sms.providers[..], [ProviderSettings::Twilio(_)]));
        let mut vars = vars();
        vars.remove("TWILIO_AUTH_TOKEN");
        assert!(settings(&vars, true).is_err());
        assert!(settings(&vars, false).is_ok());
    }
}
