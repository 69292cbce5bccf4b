//! Why a request got no answer, in our own words.
//!
//! reqwest's words hold the URL, and with it what may be secret; its causes are types of four crates, some of them
//! without a name. This is the one place that knows them.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};

/// Why no answer came. `Display` goes on where "it" is whoever was asked, and holds no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NetworkCause {
    /// No address is known for the name.
    Dns,
    /// Nobody listens there.
    Refused,
    /// The network here has no way to it.
    NoRoute,
    /// Time ran out, while connecting or later.
    TimedOut,
    /// Its certificate is signed by somebody whom nobody here knows.
    UnknownAuthority,
    /// Its certificate is no longer, or not yet, valid.
    Expired,
    /// Its certificate names somebody else.
    OtherName,
    /// Something else is wrong with its certificate.
    Certificate,
    /// No encrypted connection came about, for another reason than the certificate.
    Tls,
    /// The proxy did not bring the connection about.
    Proxy,
    /// There was a connection, and it ended too early.
    BrokeOff,
    /// Anything else.
    Unreachable,
}

impl NetworkCause {
    /// What stands behind a failed request.
    pub fn of(error: &reqwest::Error) -> Self {
        let chain = Chain(Some(error));
        // Neither type can be named; its words are pinned by the tests that go through a proxy.
        if chain.clone().any(|cause| PROXIES.iter().any(|words| cause.to_string().starts_with(words))) {
            return Self::Proxy;
        }
        let known = chain.filter_map(recognise).last();
        match known {
            Some(cause) => cause,
            None if error.is_timeout() => Self::TimedOut,
            None if error.is_connect() || error.is_builder() => Self::Unreachable,
            None => Self::BrokeOff,
        }
    }

    /// What stands behind any error that comes from a connection; `None` if that is not known.
    pub fn behind(error: &(dyn Error + 'static)) -> Option<Self> {
        Chain(Some(error)).filter_map(recognise).last()
    }

    /// The sentence. "It" is whoever was asked.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "its name cannot be resolved (DNS)",
            Self::Refused => "it refuses the connection",
            Self::NoRoute => "no route leads to it",
            Self::TimedOut => "it does not answer in time",
            Self::UnknownAuthority => {
                "its certificate is from an authority that is not trusted here (SSL_CERT_FILE adds one)"
            }
            Self::Expired => "its certificate has expired, or the clock here is wrong",
            Self::OtherName => "its certificate is for another host name",
            Self::Certificate => "its certificate is not valid",
            Self::Tls => "it does not speak TLS, or not as it is spoken here",
            Self::Proxy => "the proxy (HTTPS_PROXY, ALL_PROXY) refuses, or cannot be reached itself",
            Self::BrokeOff => "the connection broke off",
            Self::Unreachable => "it cannot be reached",
        }
    }
}

impl fmt::Display for NetworkCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Error for NetworkCause {}

/// How the errors of CONNECT and of SOCKS begin.
const PROXIES: [&str; 3] =
    ["tunnel error", "error connecting to socks proxy", "error resolving for socks proxy"];

/// The name has no address. The resolver says so, since what the system's says is only a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name cannot be resolved")]
pub(crate) struct NameUnknown;

/// An error and what is behind it, one after the other. `io::Error::source` passes over the error that it wraps,
/// so that one is asked for by name.
#[derive(Clone)]
struct Chain<'a>(Option<&'a (dyn Error + 'static)>);

impl<'a> Iterator for Chain<'a> {
    type Item = &'a (dyn Error + 'static);

    fn next(&mut self) -> Option<Self::Item> {
        let error = self.0?;
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        self.0 = match wrapped {
            Some(inner) => Some(inner),
            None => error.source(),
        };
        Some(error)
    }
}

fn recognise(error: &(dyn Error + 'static)) -> Option<NetworkCause> {
    if error.is::<NameUnknown>() {
        return Some(NetworkCause::Dns);
    }
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(of_tls(error));
    }
    match error.downcast_ref::<io::Error>()?.kind() {
        ErrorKind::ConnectionRefused => Some(NetworkCause::Refused),
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::AddrNotAvailable => {
            Some(NetworkCause::NoRoute)
        }
        ErrorKind::TimedOut => Some(NetworkCause::TimedOut),
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => Some(NetworkCause::BrokeOff),
        _ => None,
    }
}

fn of_tls(error: &rustls::Error) -> NetworkCause {
    use rustls::CertificateError as Wrong;
    match error {
        rustls::Error::InvalidCertificate(wrong) => match wrong {
            Wrong::UnknownIssuer => NetworkCause::UnknownAuthority,
            Wrong::Expired
            | Wrong::ExpiredContext { .. }
            | Wrong::NotValidYet
            | Wrong::NotValidYetContext { .. } => NetworkCause::Expired,
            Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => NetworkCause::OtherName,
            _ => NetworkCause::Certificate,
        },
        _ => NetworkCause::Tls,
    }
}
