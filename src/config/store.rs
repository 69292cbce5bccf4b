//! What is remembered where.

use super::fault::Faults;
use super::variables::Section;
use super::{ConfigErrors, Vars};
use crate::store::StoreAddress;
use secrecy::{ExposeSecret, SecretString};
use std::path::PathBuf;
use std::time::Duration;

/// Numbers are few: what keeps their hashes from being looked up is this key alone.
const SHORTEST_KEY: usize = 16;

/// `STORE_URL`, `STORE_TTL_HOURS`, `HASH_KEY`, `STORE_FAILURE`.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// `memory:`, `sqlite://…` or `postgres://…`; the last may hold a password.
    pub url: SecretString,
    /// How long a finished event is remembered.
    pub ttl: Duration,
    /// The key under which numbers are stored and logged; `None` is a random one, kept in the store.
    pub hash_key: Option<SecretString>,
    /// What to do when the store is down.
    pub on_failure: StoreFailureRule,
}

/// `STORE_FAILURE`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreFailureRule {
    /// Send all the same.
    Send,
    /// Ask Neon to try again.
    Refuse,
}

impl StoreSettings {
    /// Reads this section alone, for a command that looks into the store and does not serve.
    ///
    /// # Errors
    /// All faults of the section at once.
    pub fn from_vars(vars: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigErrors> {
        let (mut faults, mut warnings) = (Faults::default(), Vec::new());
        let vars = Vars::new(vars).with_files(|secret| secret.section == Section::Store);
        vars.tell_files(&mut faults);
        let settings = Self::read(&vars, Duration::ZERO, &mut faults, &mut warnings);
        faults.into_result(settings)
    }

    /// Whether nothing survives a restart.
    pub fn is_memory(&self) -> bool {
        matches!(self.address(), Some(StoreAddress::Memory))
    }

    /// The file of a SQLite store.
    pub fn file(&self) -> Option<PathBuf> {
        match self.address()? {
            StoreAddress::Sqlite { path, .. } => Some(path),
            StoreAddress::Memory | StoreAddress::Postgres(_) => None,
        }
    }

    /// How long somebody who looks into the store should wait for it.
    pub fn patience(&self) -> Duration {
        self.address().map_or(Duration::ZERO, |address| address.patience())
    }

    fn address(&self) -> Option<StoreAddress> {
        StoreAddress::parse(self.url.expose_secret()).ok()
    }

    pub(super) fn read(
        vars: &Vars,
        tolerance: Duration,
        faults: &mut Faults,
        warnings: &mut Vec<String>,
    ) -> Self {
        let url = vars.get("STORE_URL").unwrap_or("sqlite://neon-sms-relay.db");
        match StoreAddress::parse(url) {
            Ok(address) if address.passed_over().is_empty() => {}
            Ok(address) => warnings.push(format!(
                "STORE_URL has parameters that have no effect here: {}",
                address.passed_over().join(", ")
            )),
            Err(fault) => faults.add("STORE_URL", fault.problem, fault.remedy),
        }
        let hours: u64 = faults.number("STORE_TTL_HOURS", vars.get("STORE_TTL_HOURS"), 24, 1..=8760);
        let ttl = Duration::from_secs(hours * 3600);
        if hours > 0 && ttl < tolerance * 2 {
            faults.add::<()>(
                "STORE_TTL_HOURS",
                "is under twice NEON_TIMESTAMP_TOLERANCE_SECONDS, so an event could be replayed after it is forgotten",
                "raise it, or lower the tolerance",
            );
        }
        let on_failure = match vars.get("STORE_FAILURE").map(str::to_ascii_lowercase).as_deref() {
            None | Some("send") => StoreFailureRule::Send,
            Some("refuse") => StoreFailureRule::Refuse,
            Some(_) => {
                faults.add::<()>(
                    "STORE_FAILURE",
                    "is neither send nor refuse",
                    "set send or refuse, or unset it for send",
                );
                StoreFailureRule::Send
            }
        };
        let hash_key = vars.get("HASH_KEY");
        if hash_key.is_some_and(|key| key.len() < SHORTEST_KEY) {
            faults.add::<()>(
                "HASH_KEY",
                format!("is shorter than {SHORTEST_KEY} characters, so numbers could be found by trying"),
                "set the output of: openssl rand -hex 32",
            );
        }
        let hash_key = hash_key.map(SecretString::from);
        Self { url: SecretString::from(url), ttl, hash_key, on_failure }
    }
}
