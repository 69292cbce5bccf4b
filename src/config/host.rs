//! Whose a host is, as far as its name tells: plain HTTP is for where nobody else listens.

use url::{Host, Url};

/// Whether the URL leads to this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether the URL leads to this machine, or to one that only a private network knows, such as a neighbour on
/// Fly or in Docker.
pub fn is_private(url: &Url) -> bool {
    is_loopback(url)
        || match url.host() {
            Some(Host::Domain(name)) => {
                !name.contains('.')
                    || [".internal", ".local", ".flycast"].iter().any(|suffix| name.ends_with(suffix))
            }
            Some(Host::Ipv4(address)) => address.is_private(),
            Some(Host::Ipv6(address)) => address.is_unique_local(),
            None => false,
        }
}
