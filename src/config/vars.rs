//! The variables as they are meant: without the blanks and quotation marks that came along with them.
//!
//! `docker --env-file` keeps quotes that a shell takes off, word processors make them round, a password manager adds a
//! blank nobody sees, and Kubernetes sets variables of its own for every service. What is certain is put right with a
//! warning; what is not is a fault.

use super::fault::Faults;
use super::secret_file::{self, FileFault};
use super::variables::{OF_FILE, Variable, is_ours, secrets, variable};
use std::collections::HashMap;
use std::path::PathBuf;

/// Double quotation marks, straight and of the languages.
const DOUBLE: [char; 9] = ['"', '“', '”', '„', '‟', '«', '»', '＂', '″'];
/// Single ones.
const SINGLE: [char; 7] = ['\'', '‘', '’', '‚', '‛', '`', '′'];
/// What nobody sees, and `trim` leaves.
const UNSEEN: [char; 5] = ['\u{feff}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}'];

/// May hold anything, also a quotation mark at one end, or an ellipsis.
const FREE: [&str; 6] =
    ["SMS_TEMPLATE", "SMS_TEMPLATE_<ISO>", "APP_NAME", "HASH_KEY", "FORWARD_SECRET", "STORE_URL"];
/// Kubernetes sets these for services named after what is left of `_PORT`.
const PORTS: [&str; 3] = ["PORT", "METRICS_PORT", "DEV_PORT"];

/// The variables, cleaned; an empty one counts as unset.
pub(super) struct Vars {
    values: HashMap<String, String>,
    oddities: Vec<(String, Oddity)>,
    /// Secrets whose files hold none.
    files: Vec<(&'static str, FileFault)>,
}

/// What was wrong with a value, apart from its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Oddity {
    Quoted,
    HalfQuoted,
    Placeholder,
    ServiceLink,
}

impl Vars {
    pub(super) fn new(vars: impl IntoIterator<Item = (String, String)>) -> Self {
        let latest: HashMap<_, _> = vars.into_iter().collect();
        let (mut values, mut oddities) = (HashMap::with_capacity(latest.len()), Vec::new());
        for (name, value) in latest {
            let (value, oddity) = clean(&name, &value);
            if let Some(oddity) = oddity {
                oddities.push((name.clone(), oddity));
            }
            if !value.is_empty() {
                values.insert(name, value);
            }
        }
        oddities.sort_by(|(one, _), (other, _)| one.cmp(other));
        Self { values, oddities, files: Vec::new() }
    }

    /// The same, with the secrets that are `wanted` and have a `NAME_FILE` from there.
    pub(super) fn with_files(mut self, wanted: impl Fn(&Variable) -> bool) -> Self {
        for secret in secrets().filter(|secret| wanted(secret)) {
            let Some(path) = self.get(&format!("{}{OF_FILE}", secret.name)) else { continue };
            let path = self.path(path);
            let read = match self.get(secret.name) {
                Some(_) => Err(FileFault::SetTwice),
                None => secret_file::read(&path),
            };
            let read = read.map(|text| clean(secret.name, &text));
            match read {
                Ok((text, _)) if text.is_empty() => self.files.push((secret.name, FileFault::Empty)),
                Ok((text, oddity)) => {
                    self.oddities.extend(oddity.map(|oddity| (secret.name.to_owned(), oddity)));
                    self.values.insert(secret.name.to_owned(), text);
                }
                Err(fault) => self.files.push((secret.name, fault)),
            }
        }
        self
    }

    /// A path as it is written: `~` at its beginning is `HOME`.
    pub(super) fn path(&self, text: &str) -> PathBuf {
        match text.strip_prefix("~/").zip(self.get("HOME")) {
            Some((rest, home)) => PathBuf::from(home).join(rest),
            None => PathBuf::from(text),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// A variable that other programs read in small letters, too; then those win, as in curl.
    pub(super) fn any_case(&self, name: &'static str) -> Option<(&str, &str)> {
        let small = name.to_ascii_lowercase();
        let found = self.values.get_key_value(&small).or_else(|| self.values.get_key_value(name));
        found.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// One section's variables as a struct of optional texts and secrets.
    pub(super) fn section<T: serde::de::DeserializeOwned + Default>(&self, prefix: &str) -> T {
        // The fields are optional texts, so there is nothing that could fail to be read.
        envy::prefixed(prefix).from_iter(self.values.clone()).unwrap_or_default()
    }

    /// The variables whose names start with `prefix`, by name.
    pub(super) fn with_prefix(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        let mut found: Vec<_> = self.all().filter(|(name, _)| name.starts_with(prefix)).collect();
        found.sort_unstable();
        found.into_iter()
    }

    /// All variables, in no order.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Tells what was put right, and what could not be, of the variables that are `wanted`.
    pub(super) fn tell(
        &self,
        wanted: impl Fn(&str) -> bool,
        faults: &mut Faults,
        warnings: &mut Vec<String>,
    ) {
        self.tell_files(faults);
        for (name, oddity) in self.oddities.iter().filter(|(name, _)| wanted(name)) {
            match oddity {
                Oddity::Quoted => warnings.push(format!(
                    "{name} came in quotation marks, which were taken off; write it without (docker --env-file keeps \
                     what a shell takes off)"
                )),
                Oddity::ServiceLink => warnings.push(format!(
                    "{name} is an address that Kubernetes sets for a service of that name, and is passed over; set \
                     enableServiceLinks: false in the pod, or rename the service"
                )),
                Oddity::HalfQuoted => faults.add(
                    name,
                    "has a quotation mark at one end only",
                    "write it without quotation marks, or, in .env, between single ones",
                ),
                Oddity::Placeholder => {
                    faults.add(name, "still holds the placeholder of an example", "put your own value there")
                }
            }
        }
    }

    /// Tells of secrets whose files hold none; what follows from that is no fault any more.
    pub(super) fn tell_files(&self, faults: &mut Faults) {
        for (name, fault) in &self.files {
            faults.add::<()>(&format!("{name}{OF_FILE}"), fault, fault.remedy());
            faults.excuse(name);
        }
    }
}

fn clean(name: &str, value: &str) -> (String, Option<Oddity>) {
    let mut text = trim(value);
    if !is_ours(name) {
        return (text.to_owned(), None);
    }
    let mut oddity = None;
    while let Some(inner) = without_quotes(text) {
        (text, oddity) = (trim(inner), Some(Oddity::Quoted));
    }
    let is_link = text.starts_with("tcp://") || text.starts_with("udp://") || text.starts_with("sctp://");
    if PORTS.contains(&name) && is_link {
        return (String::new(), Some(Oddity::ServiceLink));
    }
    if !variable(name).is_some_and(|variable| FREE.contains(&variable.name)) {
        let is_quote =
            |letter: Option<char>| letter.is_some_and(|l| DOUBLE.contains(&l) || SINGLE.contains(&l));
        if is_quote(text.chars().next()) || is_quote(text.chars().next_back()) {
            oddity = Some(Oddity::HalfQuoted);
        }
        if text.contains('…') || (text.starts_with('<') && text.ends_with('>')) {
            oddity = Some(Oddity::Placeholder);
        }
    }
    (text.to_owned(), oddity)
}

fn trim(text: &str) -> &str {
    text.trim_matches(|letter: char| letter.is_whitespace() || UNSEEN.contains(&letter))
}

/// What is within, if the whole text is between quotation marks of one kind.
fn without_quotes(text: &str) -> Option<&str> {
    let kinds: [&[char]; 2] = [&DOUBLE, &SINGLE];
    kinds.into_iter().find_map(|kind| {
        let inner = text.strip_prefix(kind)?.strip_suffix(kind)?;
        // `"a" or "b"` begins with one and ends with another.
        let marks = inner
            .char_indices()
            .filter(|(at, letter)| kind.contains(letter) && !inner[..*at].ends_with('\\'));
        let marks = marks.count();
        (marks == 0 || marks % 2 == 1).then_some(inner)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(name: &str, value: &str) -> (String, Option<Oddity>) {
        clean(name, value)
    }

    /// Field 5: quotation marks that a source keeps, of any form, around any value.
    #[test]
    fn a_value_that_is_wholly_in_quotation_marks_loses_them_and_no_other_does() {
        for (value, expected) in [
            ("'Your code is {{ code }}'", "Your code is {{ code }}"),
            ("\"'{{ code }}'\"", "{{ code }}"),
            ("“{{ code }}”", "{{ code }}"),
            ("„{{ code }}“", "{{ code }}"),
            ("‘{{ code }}’", "{{ code }}"),
            ("«{{ code }}»", "{{ code }}"),
            (" \" {{ code }} \" ", "{{ code }}"),
            ("'Joe's code is {{ code }}'", "Joe's code is {{ code }}"),
        ] {
            assert_eq!(
                cleaned("SMS_TEMPLATE", value),
                (expected.to_owned(), Some(Oddity::Quoted)),
                "{value}"
            );
        }
        for value in ["\"{{ code }}\" for \"Acme\"", "Joe's", "{{ code }} for 'Acme'", "'"] {
            assert_eq!(cleaned("SMS_TEMPLATE", value), (value.to_owned(), None), "{value}");
        }
        assert_eq!(cleaned("APP_NAME", "\"\""), (String::new(), Some(Oddity::Quoted)));
        assert_eq!(cleaned("SOMEBODY_ELSES", "\"x\""), ("\"x\"".to_owned(), None));
    }

    #[test]
    fn a_mark_at_one_end_and_a_placeholder_are_told_where_they_cannot_be_meant() {
        for value in ["\"abc", "abc'", "“abc", "abc”"] {
            assert_eq!(cleaned("TWILIO_AUTH_TOKEN", value).1, Some(Oddity::HalfQuoted), "{value}");
            assert_eq!(cleaned("HASH_KEY", value).1, None, "{value}");
            assert_eq!(cleaned("SMS_TEMPLATE_DE", value).1, None, "{value}");
            assert_eq!(cleaned("VONAGE_FROM_DE", value).1, Some(Oddity::HalfQuoted), "{value}");
        }
        for value in ["AC…", "<your sid>", "https://ep-….neonauth.….neon.tech/neondb/auth"] {
            assert_eq!(cleaned("NEON_AUTH_URL", value).1, Some(Oddity::Placeholder), "{value}");
        }
        assert_eq!(cleaned("SMS_TEMPLATE", "Wait… {{ code }}").1, None);
    }

    #[test]
    fn what_nobody_sees_is_no_part_of_a_value() {
        assert_eq!(cleaned("TWILIO_AUTH_TOKEN", "\u{feff}\u{200b} abc\u{a0}\r\n").0, "abc");
    }

    /// Field 8: Kubernetes tells every pod of a service `metrics`.
    #[test]
    fn the_address_of_a_kubernetes_service_is_no_port() {
        for name in PORTS {
            assert_eq!(cleaned(name, "tcp://10.96.4.1:9091"), (String::new(), Some(Oddity::ServiceLink)));
        }
        assert_eq!(cleaned("PORT", "9091"), ("9091".to_owned(), None));
    }
}
