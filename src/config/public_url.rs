//! `PUBLIC_URL`: where the vendors' callbacks come in, so a host that all the world can reach.

use super::fault::Faults;
use super::host::{is_loopback, is_private};
use super::sms::{ProviderSettings, SmsSettings};
use super::{MessageBirdSettings, VonageApi};
use url::{Host, Url};

/// Faults of a URL that no vendor could call.
pub(super) fn judge(url: Option<&Url>, sms: &SmsSettings, faults: &mut Faults) {
    const NAME: &str = "PUBLIC_URL";
    const REMEDY: &str =
        "set the https:// URL that the world has for this server, or unset it for no status callbacks";
    let Some(url) = url else { return };
    if !url.username().is_empty() || url.password().is_some() {
        faults.add::<()>(NAME, "holds a user or a password", "set the URL without them");
    }
    if url.query().is_some() || url.fragment().is_some() {
        faults.add::<()>(NAME, "has a ? or a # in it", "set the URL without what follows");
    }
    let below = url.path().trim_end_matches('/');
    if below.ends_with("/webhooks/neon-auth") || below.ends_with("/callbacks") || below.ends_with("/livez") {
        faults.add::<()>(
            NAME,
            "has the path of one of the relay's routes",
            "set what stands before /webhooks/neon-auth; the relay adds its own paths",
        );
    }
    match url.host() {
        // Mocks on this machine can call a server on this machine.
        Some(Host::Ipv4(_) | Host::Ipv6(_)) if is_loopback(url) && !asks_the_world(sms) => {}
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => {
            faults.add(NAME, "has an IP address for a host, which no vendor calls over https", REMEDY)
        }
        Some(Host::Domain(_)) if is_private(url) => {
            faults.add(NAME, "has a host that only this machine or a private network knows", REMEDY)
        }
        Some(Host::Domain(name)) if name.contains('_') => faults.add(
            NAME,
            "has an underscore in its host, which Twilio refuses",
            "give the host a name of letters, digits and hyphens",
        ),
        Some(Host::Domain(_)) | None => {}
    }
}

/// Whether any vendor of the chain is elsewhere than on this machine.
fn asks_the_world(sms: &SmsSettings) -> bool {
    sms.providers.iter().filter_map(base_url).any(|url| !is_loopback(url))
}

fn base_url(provider: &ProviderSettings) -> Option<&Url> {
    match provider {
        ProviderSettings::Twilio(config) => Some(&config.base_url),
        ProviderSettings::MessageBird(settings) => Some(match settings {
            MessageBirdSettings::Classic(config, _) => &config.base_url,
            MessageBirdSettings::Channels(config) => &config.base_url,
            MessageBirdSettings::V1(config) => &config.base_url,
        }),
        ProviderSettings::Vonage(settings) => Some(match &settings.api {
            VonageApi::Sms(config) => &config.base_url,
            VonageApi::Messages(config) => &config.base_url,
        }),
        ProviderSettings::Log => None,
    }
}
