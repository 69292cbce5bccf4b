//! The values that settings were read from, so that a later reading can be held against them.

use super::Vars;
use super::variables::{is_ours, variable};
use secrecy::{ExposeSecret, SecretString};
use std::collections::{BTreeMap, BTreeSet};

/// Our variables, cleaned, and secrets from their files. Shows no value.
#[derive(Debug, Clone, Default)]
pub struct Given(BTreeMap<String, SecretString>);

/// What has changed between two readings: names of variables.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// What takes effect.
    pub taken: Vec<String>,
    /// What takes effect at the next start.
    pub left: Vec<String>,
}

impl Given {
    pub(super) fn of(vars: &Vars) -> Self {
        let ours = is_ours;
        let values = vars.all().filter(|(name, _)| ours(name));
        Self(values.map(|(name, value)| (name.to_owned(), value.into())).collect())
    }

    /// The names of what is different here, in order.
    pub fn changes_since(&self, earlier: &Self) -> Changes {
        let value =
            |given: &Self, name: &str| given.0.get(name).map(|value| value.expose_secret().to_owned());
        let names: BTreeSet<_> = self.0.keys().chain(earlier.0.keys()).collect();
        let changed = names.into_iter().filter(|name| value(self, name) != value(earlier, name)).cloned();
        let (taken, left) =
            changed.partition(|name| variable(name).is_some_and(|variable| variable.is_read_again()));
        Changes { taken, left }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(vars: &[(&str, &str)]) -> Given {
        Given::of(&Vars::new(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))))
    }

    #[test]
    fn what_changed_is_named_by_whether_it_takes_effect() {
        let before =
            given(&[("PORT", "1"), ("TWILIO_AUTH_TOKEN", "s3cret"), ("APP_NAME", "a"), ("PATH", "/a")]);
        let after = given(&[
            ("TWILIO_AUTH_TOKEN", "'other'"),
            ("APP_NAME", " a "),
            ("PATH", "/b"),
            ("FORWARD_URL_EP_A_1", "https://a.example.com"),
        ]);
        let changes = after.changes_since(&before);
        assert_eq!(changes.taken, ["TWILIO_AUTH_TOKEN"]);
        assert_eq!(changes.left, ["FORWARD_URL_EP_A_1", "PORT"]);
        assert_eq!(after.changes_since(&after), Changes::default());
        assert!(!format!("{before:?}").contains("s3cret"));
    }
}
