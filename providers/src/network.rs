//! How the world is reached: through which proxy, and whose certificates are believed.
//!
//! The environment is read by whoever builds a [`Network`], never by the client: what a stranger's variable says must
//! not decide where a code goes. Plain HTTP is never given to a proxy, since the proxy would read it, and what is on
//! this machine is always asked directly.

use crate::cause::NameUnknown;
use crate::client::{CONNECT_TIMEOUT, IDLE_TIMEOUT, TOTAL_TIMEOUT};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{NoProxy, Proxy, redirect};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use std::fmt;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use url::Url;

/// What is asked directly, whatever else is said.
const ON_THIS_MACHINE: &str = "localhost,127.0.0.0/8,::1";

/// The kinds of proxies that can be spoken to.
const PROXY_SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// How the world is reached. The default is: directly, with Mozilla's roots.
#[derive(Clone, Default)]
pub struct Network {
    proxy: Option<Proxy>,
    roots: Vec<CertificateDer<'static>>,
    system_roots: bool,
}

/// The text is no URL of a proxy. Holds nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the URL of an http, https or socks5 proxy")]
pub struct ProxyError;

/// Why nobody is believed because of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RootsError {
    /// There is no such file.
    #[error("names a file that does not exist")]
    NotThere,
    /// The file may not be read.
    #[error("names a file that this user may not read")]
    NotAllowed,
    /// A folder in place of a file, or the other way round.
    #[error("names a folder in place of a file, or a file in place of a folder")]
    OtherKind,
    /// It holds something else.
    #[error("holds no certificate in PEM form")]
    NoCertificate,
}

impl Network {
    /// Sends what is encrypted through this proxy, but for the hosts in `except`: names with everything below them,
    /// addresses and networks, separated by commas; `*` is every host.
    ///
    /// # Errors
    /// If it is not the URL of an HTTP or SOCKS proxy. A host and a port alone are one.
    pub fn with_proxy(self, proxy: &str, except: &str) -> Result<Self, ProxyError> {
        let url = if proxy.contains("://") { proxy.to_owned() } else { format!("http://{proxy}") };
        // What desktops write; whoever has such a proxy lets it resolve names, too.
        let url = url.strip_prefix("socks://").map_or(url.clone(), |rest| format!("socks5h://{rest}"));
        let url = Url::parse(&url).map_err(|_| ProxyError)?;
        if !PROXY_SCHEMES.contains(&url.scheme()) || url.host_str().is_none_or(str::is_empty) {
            return Err(ProxyError);
        }
        let except = except.split([',', ' ']).map(|host| host.trim().trim_start_matches("*."));
        let except: Vec<_> = except.filter(|host| !host.is_empty()).chain([ON_THIS_MACHINE]).collect();
        // Of https alone: of http there must be no rule at all.
        let proxy = Proxy::https(url).map_err(|_| ProxyError)?;
        let proxy = proxy.no_proxy(NoProxy::from_string(&except.join(",")));
        Ok(Self { proxy: Some(proxy), ..self })
    }

    /// Believes the authorities of these files as well: a file of certificates in PEM form, or a folder with such files
    /// under the names that `openssl rehash` gives them.
    ///
    /// # Errors
    /// If nothing of it can be read, or nothing in it is a certificate.
    pub fn with_roots_from(mut self, file: Option<&Path>, folder: Option<&Path>) -> Result<Self, RootsError> {
        let found = rustls_native_certs::load_certs_from_paths(file, folder);
        let roots = found.certs;
        let (usable, _) = RootCertStore::empty().add_parsable_certificates(roots.iter().cloned());
        if usable > 0 {
            self.roots.extend(roots);
            return Ok(self);
        }
        let kind = found.errors.iter().find_map(|error| match &error.kind {
            rustls_native_certs::ErrorKind::Io { inner, .. } => Some(inner.kind()),
            _ => None,
        });
        Err(match kind {
            Some(ErrorKind::NotFound) => RootsError::NotThere,
            Some(ErrorKind::PermissionDenied) => RootsError::NotAllowed,
            Some(ErrorKind::IsADirectory | ErrorKind::NotADirectory) => RootsError::OtherKind,
            Some(_) | None => RootsError::NoCertificate,
        })
    }

    /// Believes as well whom the system believes, if it has a store of certificates.
    pub fn with_system_roots(self) -> Self {
        Self { system_roots: true, ..self }
    }

    /// The TLS client configuration of the whole program: rustls, and Mozilla's roots compiled in, so that it works in
    /// an image without a certificate store.
    ///
    /// # Errors
    /// If rustls cannot be configured, which no input can cause.
    pub fn tls_config(&self) -> Result<rustls::ClientConfig, rustls::Error> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        roots.add_parsable_certificates(self.roots.iter().cloned());
        if self.system_roots {
            roots.extend(system_roots().iter().cloned());
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        Ok(rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth())
    }

    /// Builds the client. Build one, on the runtime it is used on, and clone it.
    ///
    /// # Errors
    /// If the TLS configuration cannot be built, which no input can cause.
    pub fn http_client(&self) -> Result<reqwest::Client, Box<dyn std::error::Error + Send + Sync>> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls_config()?)
            .user_agent(concat!("neon-sms-relay/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .dns_resolver(Arc::new(SystemResolver))
            // Without this, reqwest reads the environment.
            .no_proxy();
        let client = match &self.proxy {
            Some(proxy) => client.proxy(proxy.clone()),
            None => client,
        };
        Ok(client.build()?)
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A proxy's URL may hold a password.
        let (proxy, roots) = (self.proxy.is_some(), self.roots.len());
        write!(f, "Network(proxy: {proxy}, {roots} roots, system's: {})", self.system_roots)
    }
}

/// The system's, read once: they are some hundred files, or one long one.
fn system_roots() -> &'static [rustls::pki_types::TrustAnchor<'static>] {
    static ROOTS: OnceLock<Vec<rustls::pki_types::TrustAnchor<'static>>> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        // Most of them are Mozilla's.
        roots.roots.retain(|root| !webpki_roots::TLS_SERVER_ROOTS.contains(root));
        roots.roots
    })
}

/// The system's resolver, with an error that can be told from others.
struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|_| NameUnknown)?;
            let addresses: Vec<_> = addresses.collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_call_a_proxy_is_understood_and_what_is_none_is_not() {
        for proxy in [
            "http://proxy.corp:3128",
            "proxy.corp:3128",
            "10.0.0.1:3128",
            "https://user:s3cret@proxy.corp",
            "socks5://127.0.0.1:1080",
            "socks5h://proxy.corp:1080",
            "socks://127.0.0.1:1080/",
        ] {
            let network = Network::default().with_proxy(proxy, "").unwrap();
            assert!(!format!("{network:?}").contains("s3cret"));
        }
        for odd in ["ftp://proxy.corp", "http://", "http://a b", "://"] {
            assert_eq!(Network::default().with_proxy(odd, "").err(), Some(ProxyError), "{odd}");
        }
    }
}
