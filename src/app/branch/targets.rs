//! Which URLs Neon takes for a webhook, told before it is asked: its own refusal says less.

use crate::config::is_private;
use url::{Host, Url};

/// Whose names are Neon's own, with all below them.
const NEONS: [&str; 3] = ["neon.tech", "neon.com", "neon.build"];
/// Names that stand for any address that is written into them, or for this machine.
const ADDRESSES_BY_NAME: [&str; 7] =
    ["nip.io", "sslip.io", "xip.io", "traefik.me", "localtest.me", "lvh.me", "vcap.me"];
/// Who lends names to tunnels.
const TUNNELS: [&str; 7] = [
    "trycloudflare.com",
    "ngrok.app",
    "ngrok.dev",
    "ngrok.io",
    "ngrok-free.app",
    "ngrok-free.dev",
    "ngrok.pizza",
];

/// Why Neon would not call a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not a whole URL.
    #[error("is not a URL; write all of it, https://sms.example.com/webhooks/neon-auth")]
    NotAUrl,
    /// Plain HTTP, or something else.
    #[error("is not https, and Neon calls nothing else")]
    NotHttps,
    /// An address in figures, however they are written.
    #[error("has an IP address for a host, which Neon refuses however it is written; give the relay a name")]
    IpAddress,
    /// This machine.
    #[error(
        "leads to localhost, which at Neon is another machine; use `neon-sms-relay dev --tunnel cloudflared`"
    )]
    Localhost,
    /// A name that the public DNS does not have.
    #[error("has a host that only a private network knows, and Neon is outside of it")]
    PrivateName,
    /// A name that is an address in disguise.
    #[error("has a name for a host that stands for an IP address, which Neon refuses")]
    Disguised,
    /// Neon itself.
    #[error("leads to Neon's own servers, which Neon refuses; the relay runs elsewhere")]
    Neons,
}

/// The URL, if Neon would call it.
///
/// # Errors
/// Why it would not. The text is repeated nowhere.
pub fn target(text: &str) -> Result<Url, Refused> {
    let url = Url::parse(text.trim()).map_err(|_| Refused::NotAUrl)?;
    if url.scheme() != "https" {
        return Err(Refused::NotHttps);
    }
    // `2130706433`, `0x7f.1` and the like are addresses by now.
    let Some(Host::Domain(name)) = url.host() else { return Err(Refused::IpAddress) };
    let name = name.trim_end_matches('.').to_owned();
    if is_below(&name, &["localhost", "localhost.localdomain"]) {
        Err(Refused::Localhost)
    } else if is_below(&name, &ADDRESSES_BY_NAME) {
        Err(Refused::Disguised)
    } else if is_below(&name, &NEONS) {
        Err(Refused::Neons)
    } else if is_private(&url) {
        Err(Refused::PrivateName)
    } else {
        Ok(url)
    }
}

/// Whether the host is one that a tunnel was lent, and that leads nowhere once the tunnel has ended.
pub fn is_of_a_tunnel(url: &Url) -> bool {
    url.host_str().is_some_and(|name| {
        // In other regions of ngrok's there is one more part: `x.eu.ngrok.io`.
        is_below(name.trim_end_matches('.'), &TUNNELS)
    })
}

fn is_below(name: &str, domains: &[&str]) -> bool {
    domains
        .iter()
        .any(|domain| name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_neon_refuses_is_refused_by_name() {
        for (refused, urls) in [
            (Refused::NotAUrl, &["", "sms.example.com/x", "https://", "https://a b/"][..]),
            (Refused::NotHttps, &["http://sms.example.com/x", "ftp://sms.example.com", "wss://a.example"]),
            (
                Refused::IpAddress,
                &[
                    "https://203.0.113.7/x",
                    "https://2130706433/",
                    "https://0x7f.1",
                    "https://0177.0.0.1",
                    "https://127.1",
                    "https://１２７.0.0.1",
                    "https://%31%32%37.0.0.1",
                    "https://127.0.0.1.",
                    "https://[::1]/",
                    "https://[::ffff:127.0.0.1]",
                    "https://[2001:db8::1]:8443/",
                ],
            ),
            (
                Refused::Localhost,
                &[
                    "https://localhost/x",
                    "https://LOCALHOST.",
                    "https://a.localhost:3000",
                    "https://localhost.localdomain",
                ],
            ),
            (
                Refused::Disguised,
                &["https://127.0.0.1.nip.io", "https://10-0-0-1.sslip.io", "https://app.lvh.me"],
            ),
            (
                Refused::Neons,
                &[
                    "https://ep-a-1.neonauth.us-east-1.aws.neon.tech/x",
                    "https://neon.tech",
                    "https://console.Neon.com.",
                ],
            ),
            (
                Refused::PrivateName,
                &[
                    "https://relay",
                    "https://relay.internal",
                    "https://nas.lan",
                    "https://app.ns.svc.cluster.local",
                ],
            ),
        ] {
            for url in urls {
                assert_eq!(target(url), Err(refused), "{url}");
            }
        }
    }

    #[test]
    fn what_the_world_can_call_is_taken() {
        for url in [
            "https://sms.example.com/webhooks/neon-auth",
            " https://my-relay.fly.dev/webhooks/neon-auth\n",
            "https://x.trycloudflare.com/webhooks/neon-auth",
            "https://notneon.tech/x",
            "https://bücher.example.com/",
        ] {
            assert!(target(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn the_address_of_a_tunnel_is_known_as_one() {
        let of_a_tunnel = |url: &str| is_of_a_tunnel(&Url::parse(url).unwrap());
        for url in [
            "https://brave-new-world.trycloudflare.com/webhooks/neon-auth",
            "https://ab12.ngrok-free.app",
            "https://ab12.ngrok-free.dev",
            "https://ab12.ngrok.app",
            "https://ab12.ngrok.dev",
            "https://ab12.eu.ngrok.io",
        ] {
            assert!(of_a_tunnel(url), "{url}");
        }
        for url in ["https://sms.example.com", "https://nottrycloudflare.com", "https://ngrok.com"] {
            assert!(!of_a_tunnel(url), "{url}");
        }
    }
}
