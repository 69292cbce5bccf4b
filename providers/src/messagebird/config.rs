//! What the operator has to say about an account, for each API.

use super::WebhookSecret;
use crate::Country;
use secrecy::SecretString;
use std::collections::BTreeMap;
use url::Url;

/// An account of the classic API.
#[derive(Debug, Clone)]
pub struct ClassicConfig {
    /// The access key, `live_…`.
    pub access_key: SecretString,
    /// The number, or the name of up to 11 characters, that texts come from.
    pub originator: String,
    /// Who texts to single countries come from, where the general one will not do.
    pub senders: BTreeMap<Country, String>,
    /// Whether delivery reports can be verified, and so are asked for.
    pub wants_reports: bool,
    /// The API's address, usually [`DEFAULT_BASE_URL`](Self::DEFAULT_BASE_URL).
    pub base_url: Url,
}

impl ClassicConfig {
    /// Where the classic API answers.
    pub const DEFAULT_BASE_URL: &str = "https://rest.messagebird.com";
}

/// A channel of a Bird workspace; the channel has the sender.
#[derive(Debug, Clone)]
pub struct ChannelsConfig {
    /// The access key.
    pub access_key: SecretString,
    /// The workspace's id, a UUID.
    pub workspace_id: String,
    /// The SMS channel's id, a UUID.
    pub channel_id: String,
    /// The channels that texts to single countries go through, where the general one will not do.
    pub channels: BTreeMap<Country, String>,
    /// The signing key of the workspace's webhook subscription. Without it no event can be verified.
    pub signing_key: Option<SecretString>,
    /// The API's address, usually [`DEFAULT_BASE_URL`](Self::DEFAULT_BASE_URL).
    pub base_url: Url,
}

impl ChannelsConfig {
    /// Where the Channels API answers.
    pub const DEFAULT_BASE_URL: &str = "https://api.bird.com";
}

/// An account of Bird's platform v1.
#[derive(Debug, Clone)]
pub struct V1Config {
    /// The API key, `bk_{region}_…`.
    pub api_key: SecretString,
    /// The number, short code or name that texts come from.
    pub from: String,
    /// Who texts to single countries come from, where the general one will not do.
    pub senders: BTreeMap<Country, String>,
    /// The secret of the workspace's webhook. Without it no event can be verified.
    pub webhook_secret: Option<WebhookSecret>,
    /// The API's address, usually that of the key's region.
    pub base_url: Url,
}

impl V1Config {
    /// Where the platform answers for a key of this form: `https://{region}.platform.bird.com`.
    pub fn base_url_of(api_key: &str) -> Option<Url> {
        let (region, _) = api_key.strip_prefix("bk_")?.split_once('_')?;
        let host_like = !region.is_empty() && region.bytes().all(|byte| byte.is_ascii_alphanumeric());
        Url::parse(&format!("https://{region}.platform.bird.com")).ok().filter(|_| host_like)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_of_a_key_names_the_host() {
        let url = V1Config::base_url_of("bk_eu1_abc").unwrap();
        assert_eq!(url.as_str(), "https://eu1.platform.bird.com/");
        for odd in ["live_abc", "bk_eu1", "bk__abc", "bk_evil.example/_abc"] {
            assert_eq!(V1Config::base_url_of(odd), None, "{odd}");
        }
    }
}
