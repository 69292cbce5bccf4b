//! Settings from environment variables. Every fault is found and told at once; no value is ever shown.
//!
//! Each section reads its variables as plain texts (which cannot fail) and then parses them one by one,
//! so that one wrong variable does not hide the next.

mod fault;
mod forward;
mod host;
mod messagebird;
mod neon;
mod neon_api;
mod server;
mod sms;
mod store;
mod twilio;
mod vonage;

pub use fault::{ConfigErrors, Fault};
pub use forward::ForwardSettings;
pub use host::is_loopback;
pub use messagebird::MessageBirdSettings;
pub use neon::{EndpointRule, NeonSettings};
pub use neon_api::NeonApiSettings;
pub use server::ServerSettings;
pub use sms::{ProviderSettings, SmsSettings};
pub use store::{StoreFailureRule, StoreSettings};
pub use vonage::{VonageApi, VonageSettings};

use fault::Faults;
use std::collections::HashMap;

/// Everything that can be configured.
#[derive(Debug)]
pub struct Settings {
    /// Where and how to listen, log and answer.
    pub server: ServerSettings,
    /// Whose events are believed.
    pub neon: NeonSettings,
    /// What is remembered where.
    pub store: StoreSettings,
    /// Who sends what.
    pub sms: SmsSettings,
    /// Where everything else goes.
    pub forward: ForwardSettings,
    /// What Neon can be asked about the branch itself.
    pub neon_api: Option<NeonApiSettings>,
    /// What is set and has no effect; to be shown once.
    pub warnings: Vec<String>,
}

impl Settings {
    /// Reads settings from name-value pairs. Later pairs win over earlier ones of the same name.
    ///
    /// # Errors
    /// All faults at once.
    pub fn from_vars(vars: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigErrors> {
        let vars = Vars::new(vars);
        let mut faults = Faults::default();
        let mut warnings = Vec::new();
        let server = ServerSettings::read(&vars, &mut faults);
        let neon = NeonSettings::read(&vars, &mut faults);
        let store = StoreSettings::read(&vars, neon.tolerance, &mut faults);
        let sms = SmsSettings::read(&vars, &mut faults, &mut warnings);
        let forward = ForwardSettings::read(&vars, &neon, &store, &mut faults, &mut warnings);
        let neon_api = NeonApiSettings::read(&vars, &mut faults, &mut warnings);
        faults.into_result(Self { server, neon, store, sms, forward, neon_api, warnings })
    }
}

/// The variables, trimmed; an empty one counts as unset.
struct Vars(HashMap<String, String>);

impl Vars {
    fn new(vars: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut trimmed: HashMap<_, _> =
            vars.into_iter().map(|(name, value)| (name, value.trim().to_owned())).collect();
        trimmed.retain(|_, value| !value.is_empty());
        Self(trimmed)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// One section's variables as a struct of optional texts and secrets.
    fn section<T: serde::de::DeserializeOwned + Default>(&self, prefix: &str) -> T {
        // The fields are optional texts, so there is nothing that could fail to be read.
        envy::prefixed(prefix).from_iter(self.0.clone()).unwrap_or_default()
    }

    /// The variables whose names start with `prefix`, by name.
    fn with_prefix(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        let mut found: Vec<_> = self.0.iter().filter(|(name, _)| name.starts_with(prefix)).collect();
        found.sort();
        found.into_iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests;
