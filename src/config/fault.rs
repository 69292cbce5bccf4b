//! What is wrong with the configuration, and how to put it right.

use super::host::is_loopback;
use std::fmt;
use std::str::FromStr;
use url::Url;

/// One variable that is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its name.
    pub variable: String,
    /// What is wrong; never the value.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

/// Everything that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<Fault>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "The configuration has {} fault(s):", self.0.len())?;
        for Fault { variable, problem, remedy } in &self.0 {
            writeln!(f, "  {variable} {problem}\n      → {remedy}")?;
        }
        write!(
            f,
            "Every variable is described in docs/configuration.md; `neon-sms-relay dev` needs none of them."
        )
    }
}

impl std::error::Error for ConfigErrors {}

/// The faults found so far.
#[derive(Default)]
pub(super) struct Faults {
    found: Vec<Fault>,
    /// Variables that are missing through a fault that was told.
    excused: Vec<String>,
}

impl Faults {
    /// Notes a fault and returns a stand-in, with which the search for further faults goes on.
    pub(super) fn add<T: Default>(
        &mut self,
        variable: &str,
        problem: impl fmt::Display,
        remedy: impl fmt::Display,
    ) -> T {
        // What follows from a fault is none of its own.
        let is_told = self.found.iter().any(|fault| fault.variable == variable);
        if !is_told && !self.excused.iter().any(|excused| excused == variable) {
            let (problem, remedy) = (problem.to_string(), remedy.to_string());
            self.found.push(Fault { variable: variable.to_owned(), problem, remedy });
        }
        T::default()
    }

    /// Says nothing more of a variable: why it is missing was told under another name.
    pub(super) fn excuse(&mut self, variable: &str) {
        self.excused.push(variable.to_owned());
    }

    /// A number within a range, or `default` if unset.
    pub(super) fn number<T>(
        &mut self,
        variable: &str,
        value: Option<&str>,
        default: T,
        range: std::ops::RangeInclusive<T>,
    ) -> T
    where
        T: FromStr + PartialOrd + fmt::Display + Default,
    {
        let Some(value) = value else { return default };
        match value.parse().ok().filter(|number| range.contains(number)) {
            Some(number) => number,
            None => self.add(
                variable,
                "is not a number in its range",
                format!(
                    "set a whole number from {} to {}, or unset it for {default}",
                    range.start(),
                    range.end()
                ),
            ),
        }
    }

    /// Yes or no, or `default` if unset.
    pub(super) fn switch(&mut self, variable: &str, value: Option<&str>, default: bool) -> bool {
        match value.map(str::to_ascii_lowercase).as_deref() {
            None => default,
            Some("1" | "true" | "yes" | "on") => true,
            Some("0" | "false" | "no" | "off") => false,
            Some(_) => self.add(variable, "is neither 1 nor 0", "set 1 or 0, or unset it"),
        }
    }

    /// An `https` URL; plain `http` is for hosts on this machine only.
    pub(super) fn url(&mut self, variable: &str, value: &str) -> Option<Url> {
        let remedy = "set a whole URL that starts with https:// (http:// is for localhost only)";
        let Ok(url) = Url::parse(value) else {
            return self.add(variable, "is not a URL", remedy);
        };
        if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)) {
            Some(url)
        } else {
            self.add(variable, "is not an https URL", remedy)
        }
    }

    pub(super) fn into_result<T>(self, settings: T) -> Result<T, ConfigErrors> {
        if self.found.is_empty() { Ok(settings) } else { Err(ConfigErrors(self.found)) }
    }
}
