//! Whose events are believed.

use super::fault::Faults;
use super::host::is_loopback;
use super::{Vars, auth_url};
use crate::domain::EndpointId;
use std::collections::HashSet;
use std::time::Duration;
use url::Url;

/// `NEON_AUTH_URL`, `NEON_JWKS_URL`, `NEON_ENDPOINT_IDS`, `NEON_TIMEOUT_SECONDS`,
/// `NEON_TIMESTAMP_TOLERANCE_SECONDS`.
#[derive(Debug, Clone)]
pub struct NeonSettings {
    /// The key set documents, one for each branch.
    pub jwks_urls: Vec<Url>,
    /// Which branches are served.
    pub endpoints: EndpointRule,
    /// The webhook's `timeout_seconds`.
    pub timeout: Duration,
    /// How far a timestamp may be off, in both directions.
    pub tolerance: Duration,
}

/// Which branches are served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndpointRule {
    /// `*`
    Any,
    /// These, and events that name none.
    Only(HashSet<EndpointId>),
}

impl NeonSettings {
    pub(super) fn read(vars: &Vars, faults: &mut Faults, warnings: &mut Vec<String>) -> Self {
        let auth_urls = auth_url::read(vars, faults, warnings);
        let timeout = faults.number("NEON_TIMEOUT_SECONDS", vars.get("NEON_TIMEOUT_SECONDS"), 5, 1..=10);
        let tolerance = faults.number(
            "NEON_TIMESTAMP_TOLERANCE_SECONDS",
            vars.get("NEON_TIMESTAMP_TOLERANCE_SECONDS"),
            300,
            1..=3600,
        );
        Self {
            jwks_urls: read_jwks_urls(vars, &auth_urls, faults),
            endpoints: read_endpoints(vars, &auth_urls, faults),
            timeout: Duration::from_secs(timeout),
            tolerance: Duration::from_secs(tolerance),
        }
    }
}

/// The parts of a list, without blanks around them and empty ones.
pub(super) fn list(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|part| !part.is_empty())
}

fn read_jwks_urls(vars: &Vars, auth_urls: &[Url], faults: &mut Faults) -> Vec<Url> {
    match vars.get("NEON_JWKS_URL") {
        Some(_) if auth_urls.len() > 1 => faults.add(
            "NEON_JWKS_URL",
            "cannot stand for several NEON_AUTH_URLs",
            "unset it; each URL's own /.well-known/jwks.json is used",
        ),
        Some(url) => faults.url("NEON_JWKS_URL", url).into_iter().collect(),
        None => auth_urls.iter().map(jwks_url).collect(),
    }
}

fn jwks_url(auth_url: &Url) -> Url {
    let mut url = auth_url.clone();
    url.set_query(None);
    url.set_fragment(None);
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend([".well-known", "jwks.json"]);
    }
    url
}

fn read_endpoints(vars: &Vars, auth_urls: &[Url], faults: &mut Faults) -> EndpointRule {
    let Some(value) = vars.get("NEON_ENDPOINT_IDS") else {
        // An URL without an endpoint in its host, such as a custom domain, says nothing about the branch.
        let ids: Option<HashSet<_>> = auth_urls.iter().map(endpoint_of).collect();
        return match ids {
            Some(ids) if !ids.is_empty() => EndpointRule::Only(ids),
            Some(_) | None if auth_urls.is_empty() || auth_urls.iter().all(is_loopback) => EndpointRule::Any,
            Some(_) | None => faults
                .add::<Option<EndpointRule>>(
                    "NEON_ENDPOINT_IDS",
                    "is missing, and not every NEON_AUTH_URL names its endpoint",
                    "list the endpoints whose events are served (ep-…), or set * for any",
                )
                .unwrap_or(EndpointRule::Any),
        };
    };
    if value == "*" {
        return EndpointRule::Any;
    }
    let ids: Option<HashSet<_>> = list(value).map(EndpointId::new).collect();
    match ids.filter(|ids| !ids.is_empty()) {
        Some(ids) => EndpointRule::Only(ids),
        None => {
            faults.add::<()>(
                "NEON_ENDPOINT_IDS",
                "is not a list of endpoint ids",
                "separate ids (ep-…) by commas, or set *",
            );
            EndpointRule::Any
        }
    }
}

/// The first label of the host if it is an endpoint id, without the suffix of a pooled host.
fn endpoint_of(url: &Url) -> Option<EndpointId> {
    let label = url.host_str()?.split('.').next()?;
    EndpointId::new(label.strip_suffix("-pooler").unwrap_or(label))
        .filter(|id| id.as_str().starts_with("ep-"))
}
