//! What a `STORE_URL` means: understood, or refused with what is wrong about it. Pure: nothing is opened here, and no
//! value is ever repeated, since a URL may hold a password.
//!
//! The forms that other programs have taught people are understood: `sqlite:path`, `file:path`, `?mode=rwc`,
//! `sqlite::memory:`; for PostgreSQL see [`postgres::address`](super::postgres::address).

use super::postgres::address::Address;
use std::path::PathBuf;
use std::time::Duration;

/// Where a store is.
#[derive(Debug)]
pub enum StoreAddress {
    /// In this process.
    Memory,
    /// In a file.
    Sqlite {
        /// The file, below the working directory if it is not absolute.
        path: PathBuf,
        /// Names of parameters that have no effect.
        passed_over: Vec<String>,
    },
    /// In a PostgreSQL database.
    Postgres(Box<Address>),
}

/// What is wrong with an address, and what to do about it; never a part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}; {remedy}")]
pub struct AddressFault {
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

impl AddressFault {
    pub(crate) fn new(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { problem: problem.into(), remedy: remedy.into() }
    }
}

impl StoreAddress {
    /// Reads a `STORE_URL`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(url: &str) -> Result<Self, AddressFault> {
        let url = unquoted(url);
        let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        match scheme.to_ascii_lowercase().as_str() {
            "memory" if rest.is_empty() => Ok(Self::Memory),
            "" if rest == "memory:" => Ok(Self::Memory),
            "sqlite" | "sqlite3" | "file" => sqlite(rest),
            _ => match Address::parse(url) {
                Some(address) => Ok(Self::Postgres(Box::new(address?))),
                None => Err(AddressFault::new(
                    "is of no known kind",
                    "set memory:, sqlite://path or postgres://user:password@host/database",
                )),
            },
        }
    }

    /// Names of parameters that were understood to be somebody else's, and have no effect here.
    pub fn passed_over(&self) -> &[String] {
        match self {
            Self::Memory => &[],
            Self::Sqlite { passed_over, .. } => passed_over,
            Self::Postgres(address) => &address.passed_over,
        }
    }

    /// How long somebody who looks into the store should wait for it: a database that sleeps has to wake.
    pub fn patience(&self) -> Duration {
        let asking = Duration::from_secs(5);
        match self {
            Self::Memory | Self::Sqlite { .. } => asking,
            Self::Postgres(address) => asking + address.connect_timeout,
        }
    }
}

fn sqlite(rest: &str) -> Result<StoreAddress, AddressFault> {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    if rest.contains('#') {
        return Err(AddressFault::new(
            "has a # behind its path",
            "write %23 if it is part of the file's name",
        ));
    }
    let mut passed_over = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=').unwrap_or((pair, "")) {
            ("mode", "memory") => return Ok(StoreAddress::Memory),
            ("mode", "ro") | ("immutable", "1") => {
                return Err(AddressFault::new("asks for a store that cannot be written", "leave mode out"));
            }
            ("mode", "rwc") => {}
            (name, _) => passed_over.push(shown_name(name)),
        }
    }
    // A URL of a file may name this machine.
    let path = path.strip_prefix("localhost/").map_or_else(|| path.to_owned(), |path| format!("/{path}"));
    match path.trim_start_matches('/') {
        ":memory:" => Ok(StoreAddress::Memory),
        "" => Err(AddressFault::new("names no file", "set sqlite://path, such as sqlite:///data/relay.db")),
        _ if path.starts_with("~/") => Err(AddressFault::new(
            "has a path that starts with ~, which only a shell understands",
            "write the whole path, such as sqlite:///home/relay/relay.db",
        )),
        _ => {
            let path = String::from_utf8(unescaped(&path)).map_err(|_| {
                AddressFault::new("has a path that is no text", "write it in UTF-8, and % as %25")
            })?;
            Ok(StoreAddress::Sqlite { path: path.into(), passed_over })
        }
    }
}

/// Docker's `--env-file` keeps the quotes that a shell takes away.
pub(super) fn unquoted(url: &str) -> &str {
    let url = url.trim();
    let inside = |quote: char| url.strip_prefix(quote)?.strip_suffix(quote);
    inside('"').or_else(|| inside('\'')).unwrap_or(url).trim()
}

/// Takes `%41` for `A`; a `%` that stands for nothing stays what it is.
pub(super) fn unescaped(text: &str) -> Vec<u8> {
    let (bytes, mut at) = (text.as_bytes(), 0);
    let mut plain = Vec::with_capacity(bytes.len());
    while let Some(&byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).filter(|_| byte == b'%');
        match digits.and_then(|digits| hex::decode(digits).ok()) {
            Some(decoded) => {
                plain.extend(decoded);
                at += 3;
            }
            None => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    plain
}

/// A parameter's name for a message. What does not look like one may be the tail of a password.
pub(super) fn shown_name(name: &str) -> String {
    let like_a_name = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    if !name.is_empty() && name.len() <= 40 && name.bytes().all(like_a_name) {
        name.to_owned()
    } else {
        "one that is not a name".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Field 20: what people write for a file, and what they meant.
    #[test]
    fn a_file_is_understood_in_each_of_its_spellings() {
        for (url, path) in [
            ("sqlite://relay.db", "relay.db"),
            ("sqlite:///data/relay.db", "/data/relay.db"),
            ("sqlite://relay.db?mode=rwc", "relay.db"),
            ("sqlite:relay.db", "relay.db"),
            ("sqlite:/data/relay.db", "/data/relay.db"),
            ("SQLite:data/relay.db", "data/relay.db"),
            ("file:relay.db?cache=shared", "relay.db"),
            ("file:///data/relay.db", "/data/relay.db"),
            ("file://localhost/data/relay.db", "/data/relay.db"),
            ("'sqlite://relay.db'", "relay.db"),
            ("sqlite://my%20store%23.db", "my store#.db"),
            ("sqlite://100%.db", "100%.db"),
        ] {
            let StoreAddress::Sqlite { path: found, .. } = StoreAddress::parse(url).unwrap() else {
                panic!("{url}")
            };
            assert_eq!(found, PathBuf::from(path), "{url}");
        }
        for url in [
            "memory:",
            "memory://",
            "memory",
            "sqlite::memory:",
            "sqlite://:memory:",
            "file:x?mode=memory",
            ":memory:",
        ] {
            assert!(matches!(StoreAddress::parse(url).unwrap(), StoreAddress::Memory), "{url}");
        }
        let passed_over = StoreAddress::parse("file:a.db?cache=shared&mode=rwc&_pragma=x").unwrap();
        assert_eq!(passed_over.passed_over(), ["cache", "_pragma"]);
    }

    /// Field 20: what cannot be meant is refused, and not made a file of that name.
    #[test]
    fn what_cannot_be_meant_is_named() {
        for (url, problem) in [
            ("sqlite://s3cret.db#x", "#"),
            ("sqlite://s3cret.db?mode=ro", "cannot be written"),
            ("sqlite://", "names no file"),
            ("sqlite:", "names no file"),
            ("sqlite:///?mode=rwc", "names no file"),
            ("sqlite://~/s3cret.db", "~"),
            ("mysql://s3cret", "no known kind"),
            ("s3cret.db", "no known kind"),
            ("", "no known kind"),
        ] {
            let fault = StoreAddress::parse(url).unwrap_err();
            assert!(fault.problem.contains(problem), "{url}: {fault}");
            assert!(!fault.to_string().contains("s3cret"), "{fault}");
        }
    }
}
