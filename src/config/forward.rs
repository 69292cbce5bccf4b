//! Where events go that the relay does not deliver itself.

use super::fault::Faults;
use super::host::is_private;
use super::{EndpointRule, NeonSettings, StoreSettings, Vars};
use crate::domain::{EndpointId, Routing, Targets};
use secrecy::SecretString;
use std::collections::HashMap;
use url::Url;

/// What a branch's own `FORWARD_URL` starts with: `FORWARD_URL_EP_COOL_SOUND_12345678`.
const OF_ENDPOINT: &str = "FORWARD_URL_";

/// `FORWARD_URL`, `FORWARD_URL_EP_…`, `FORWARD_SECRET`, `BEFORE_CREATE`.
#[derive(Debug, Clone)]
pub struct ForwardSettings {
    /// What happens to events that are not for SMS.
    pub routing: Routing,
    /// The key of the `Relay-Signature` header.
    pub secret: Option<SecretString>,
}

impl ForwardSettings {
    pub(super) fn read(
        vars: &Vars,
        neon: &NeonSettings,
        store: &StoreSettings,
        faults: &mut Faults,
        warnings: &mut Vec<String>,
    ) -> Self {
        let targets = Targets {
            default: vars.get("FORWARD_URL").and_then(|url| read_url("FORWARD_URL", url, faults)),
            by_endpoint: read_by_endpoint(vars, neon, faults, warnings),
        };
        let allow_sign_up = match vars.get("BEFORE_CREATE").map(str::to_ascii_lowercase).as_deref() {
            None => false,
            Some("allow") => true,
            Some(_) => faults.add("BEFORE_CREATE", "is not a word it knows", "unset it, or set it to: allow"),
        };
        let secret = vars.get("FORWARD_SECRET").map(SecretString::from);
        if targets.is_empty() && secret.is_some() {
            warnings.push("FORWARD_SECRET is set and has no effect: FORWARD_URL is not".to_owned());
        }
        if targets.default.is_some() && allow_sign_up {
            warnings.push("BEFORE_CREATE=allow has no effect: FORWARD_URL decides about sign-ups".to_owned());
        }
        if let EndpointRule::Only(served) = &neon.endpoints
            && !targets.is_empty()
        {
            let forgotten = served.iter().filter(|endpoint| targets.of(Some(endpoint)).is_none());
            warnings.extend(forgotten.map(|endpoint| {
                format!("no FORWARD_URL takes the events of {endpoint} that are not for SMS")
            }));
        }
        if !targets.is_empty() && store.is_memory() {
            warnings.push(
                "STORE_URL=memory: forgets, on a restart, every event that FORWARD_URL has not taken yet, though \
                 Neon was told that it is taken care of; set sqlite://… or postgres://…"
                    .to_owned(),
            );
        }
        Self { routing: Routing { allow_sign_up, targets }, secret }
    }
}

fn read_by_endpoint(
    vars: &Vars,
    neon: &NeonSettings,
    faults: &mut Faults,
    warnings: &mut Vec<String>,
) -> HashMap<EndpointId, Url> {
    let mut targets = HashMap::new();
    for (name, url) in vars.with_prefix(OF_ENDPOINT) {
        let id = name[OF_ENDPOINT.len()..].to_ascii_lowercase().replace('_', "-");
        let Some(endpoint) = EndpointId::new(&id).filter(|id| id.as_str().starts_with("ep-")) else {
            faults.add::<()>(
                name,
                "names no endpoint",
                "write the id in capitals, with _ for -: FORWARD_URL_EP_COOL_SOUND_12345678",
            );
            continue;
        };
        if matches!(&neon.endpoints, EndpointRule::Only(served) if !served.contains(&endpoint)) {
            warnings.push(format!("{name} has no effect: events of {endpoint} are not served"));
        }
        targets.extend(read_url(name, url, faults).map(|url| (endpoint, url)));
    }
    targets
}

/// `https`, or `http` within a private network.
fn read_url(variable: &str, value: &str, faults: &mut Faults) -> Option<Url> {
    let Ok(url) = Url::parse(value) else {
        let remedy = "set the whole URL of your handler, with https:// before it";
        return faults.add(variable, "is not a URL", remedy);
    };
    match url.scheme() {
        "https" => Some(url),
        "http" if is_private(&url) => Some(url),
        "http" => faults.add(
            variable,
            "is plain http, and its host is not one that only a private network knows",
            "set https://, or the name that the private network has for it: app.internal, app.ns.svc.cluster.local, \
             or its private address",
        ),
        _ => faults.add(variable, "is not an https URL", "set the whole URL of your handler"),
    }
}
