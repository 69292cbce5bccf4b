//! Settings from environment variables. Every fault is found and told at once; no value is ever shown.
//!
//! Each section reads its variables as plain texts (which cannot fail) and then parses them one by one,
//! so that one wrong variable does not hide the next.

mod fault;
mod neon;
mod server;
mod sms;
mod store;
mod twilio;
mod vonage;

pub use fault::{ConfigErrors, Fault};
pub use neon::{EndpointRule, NeonSettings};
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
    /// `BEFORE_CREATE=allow`: sign-ups pass.
    pub allow_sign_up: bool,
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
        let store = StoreSettings::read(&vars, &neon, &mut faults);
        let sms = SmsSettings::read(&vars, &mut faults, &mut warnings);
        let allow_sign_up = match vars.get("BEFORE_CREATE") {
            None => false,
            Some("allow") => true,
            Some(_) => faults.add("BEFORE_CREATE", "is not a word it knows", "unset it, or set it to: allow"),
        };
        faults.into_result(Self { server, neon, store, sms, allow_sign_up, warnings })
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

    /// Whether any variable starts with `prefix`.
    fn any_with(&self, prefix: &str) -> bool {
        self.0.keys().any(|name| name.starts_with(prefix))
    }
}

#[cfg(test)]
mod tests;
