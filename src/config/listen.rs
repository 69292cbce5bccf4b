//! `HOST`: an address, or a name that is resolved when the port is bound.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

/// What compilers call the machines that they build for, and conda exports as `HOST`, begins like this.
const ARCHITECTURES: [&str; 10] =
    ["x86_64-", "i386-", "i586-", "i686-", "aarch64-", "arm", "powerpc", "ppc64", "s390x-", "riscv"];
/// And it goes on like this.
const SYSTEMS: [&str; 6] = ["-linux-", "-apple-", "-w64-", "-pc-", "-unknown-", "-conda-"];

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenHost {
    /// One address, or all of a family.
    Address(IpAddr),
    /// A name, such as `localhost` or `fly-local-6pn`.
    Name(String),
}

/// Why a text is no host. `Display` goes on after the variable's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum HostError {
    /// A compiler's target.
    #[error("names a compiler's target and no address; conda and other build environments set it")]
    Target,
    /// A URL, or a port beside the host.
    #[error("holds more than a host")]
    TooMuch,
    /// Anything else.
    #[error("is neither an IP address nor the name of a host")]
    Malformed,
}

impl Default for ListenHost {
    fn default() -> Self {
        Self::Address(Ipv4Addr::UNSPECIFIED.into())
    }
}

impl ListenHost {
    pub(super) fn read(text: &str) -> Result<Self, HostError> {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse() {
            return Ok(Self::Address(address));
        }
        if ARCHITECTURES.iter().any(|part| bare.starts_with(part))
            && SYSTEMS.iter().any(|part| bare.contains(part))
        {
            return Err(HostError::Target);
        }
        if bare.contains('/') || bare.parse::<SocketAddr>().is_ok() || is_host_and_port(text) {
            return Err(HostError::TooMuch);
        }
        // `fe80::1%eth0` is an address for the resolver alone.
        let name_like = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:%".contains(&byte);
        let is_name = (1..=253).contains(&bare.len()) && bare.bytes().all(name_like);
        if is_name { Ok(Self::Name(bare.to_owned())) } else { Err(HostError::Malformed) }
    }

    /// The address to listen on; of several that a name has, one of IPv4 comes first, since that is where those look
    /// who write 127.0.0.1 for localhost.
    ///
    /// # Errors
    /// If nobody here knows the name.
    pub fn resolve(&self, port: u16) -> io::Result<SocketAddr> {
        match self {
            Self::Address(address) => Ok(SocketAddr::new(*address, port)),
            Self::Name(name) => {
                let mut addresses: Vec<_> = (name.as_str(), port).to_socket_addrs()?.collect();
                addresses.sort_by_key(SocketAddr::is_ipv6);
                addresses.into_iter().next().ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
            }
        }
    }

    /// Where a client on this machine finds what listens here.
    ///
    /// # Errors
    /// If nobody here knows the name.
    pub fn resolve_for_client(&self, port: u16) -> io::Result<SocketAddr> {
        let mut address = self.resolve(port)?;
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        Ok(address)
    }
}

fn is_host_and_port(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        (!host.contains(':') || host.ends_with(']')) && port.bytes().all(|byte| byte.is_ascii_digit())
    })
}

impl fmt::Display for ListenHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Field 7: a host is written in many ways.
    #[test]
    fn addresses_and_names_are_hosts_however_they_are_written() {
        for (text, expected) in [
            ("0.0.0.0", "0.0.0.0:80"),
            ("::", "[::]:80"),
            ("[::]", "[::]:80"),
            ("[::1]", "[::1]:80"),
            ("localhost", "127.0.0.1:80"),
        ] {
            assert_eq!(ListenHost::read(text).unwrap().resolve(80).unwrap().to_string(), expected, "{text}");
        }
        for name in ["fly-local-6pn", "my-linux-box", "my_machine.local"] {
            assert_eq!(ListenHost::read(name), Ok(ListenHost::Name(name.to_owned())));
        }
        assert!(ListenHost::read("fe80::1%eth0").is_ok());
    }

    /// Field 7: what build environments export as HOST is not ours.
    #[test]
    fn what_is_no_host_is_told_apart() {
        for target in ["x86_64-conda-linux-gnu", "arm64-apple-darwin20.0.0", "x86_64-w64-mingw32"] {
            assert_eq!(ListenHost::read(target), Err(HostError::Target), "{target}");
        }
        for more in ["http://0.0.0.0", "0.0.0.0:8080", "[::]:8080", "localhost:8080", "10.0.0.0/8"] {
            assert_eq!(ListenHost::read(more), Err(HostError::TooMuch), "{more}");
        }
        for odd in ["*", "a b", "", "ho$t"] {
            assert_eq!(ListenHost::read(odd), Err(HostError::Malformed), "{odd}");
        }
    }

    /// Field 28: whoever asks whether the server is alive asks where it listens.
    #[test]
    fn a_client_on_this_machine_asks_the_loopback_of_a_wildcard_and_else_the_address_itself() {
        for (text, expected) in [
            ("0.0.0.0", "127.0.0.1:80"),
            ("::", "[::1]:80"),
            ("::1", "[::1]:80"),
            ("192.0.2.7", "192.0.2.7:80"),
        ] {
            let asked = ListenHost::read(text).unwrap().resolve_for_client(80).unwrap();
            assert_eq!(asked.to_string(), expected, "{text}");
        }
    }
}
