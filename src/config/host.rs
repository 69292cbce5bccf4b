//! Whose a host is, as far as its name tells: plain HTTP is for where nobody else listens.

use std::net::{Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// The names of more than two letters under which the public DNS has anything (IANA, by way of the Public Suffix
/// List). Those of two letters are countries, or may become one.
const TOP_LEVEL_DOMAINS: &str = include_str!("top_level_domains.txt");

/// Whether the URL leads to this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = without_root(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => {
            address.is_loopback() || address.to_ipv4_mapped().is_some_and(|address| address.is_loopback())
        }
        None => false,
    }
}

/// Whether the URL leads to this machine, or to one that only a private network knows, such as a neighbour on
/// Fly, in Docker or in Kubernetes.
///
/// A name is private if it has no dot, or if its last part is none of the public DNS: `app`, `app.internal`,
/// `app.production`, `app.ns.svc.cluster.local`.
pub fn is_private(url: &Url) -> bool {
    is_loopback(url)
        || match url.host() {
            Some(Host::Domain(name)) => is_private_name(without_root(name)),
            Some(Host::Ipv4(address)) => is_private_v4(address),
            Some(Host::Ipv6(address)) => is_private_v6(address),
            None => false,
        }
}

/// `example.com.` is `example.com`, said with emphasis.
fn without_root(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

fn is_private_name(name: &str) -> bool {
    let Some((_, last)) = name.rsplit_once('.') else { return true };
    // RFC 8375 gives home.arpa to the home.
    if name.ends_with(".home.arpa") {
        return true;
    }
    let is_public = last.len() <= 2
        || last.starts_with("xn--")
        || TOP_LEVEL_DOMAINS.split_ascii_whitespace().any(|domain| domain == last);
    !is_public
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    // 100.64.0.0/10 is what carriers, clusters and Tailscale give their own.
    let is_shared = address.octets()[0] == 100 && address.octets()[1] & 0b1100_0000 == 64;
    address.is_private() || address.is_link_local() || is_shared
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    address.is_unique_local()
        || address.is_unicast_link_local()
        || address.to_ipv4_mapped().is_some_and(is_private_v4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(url: &str) -> Url {
        Url::parse(url).unwrap()
    }

    /// Field 12: the names that neighbours have in a cluster, a tailnet or a network of Docker's.
    #[test]
    fn a_name_that_the_public_dns_cannot_have_is_private() {
        for private in [
            "http://app.production:3000/x",
            "http://app.default.svc",
            "http://app.default.svc.cluster.local.",
            "http://app.flycast",
            "http://my_app:3000",
            "http://app.railway.internal",
            "http://nas.home.arpa",
            "http://nas.lan",
            "http://100.64.0.5",
            "http://100.127.255.254",
            "http://169.254.10.1",
            "http://[fe80::1]",
            "http://[fdaa::3]",
            "http://[::ffff:10.0.0.5]",
            "http://localhost.",
        ] {
            assert!(is_private(&url(private)), "{private}");
        }
        for public in [
            "http://example.com",
            "http://example.com.",
            "http://app.dev",
            "http://app.prod",
            "http://a.b.example.io",
            "http://xn--bcher-kva.xn--p1ai",
            "http://100.128.0.1",
            "http://203.0.113.7",
            "http://[2001:db8::1]",
            "http://[::ffff:203.0.113.7]",
        ] {
            assert!(!is_private(&url(public)), "{public}");
        }
    }
}
