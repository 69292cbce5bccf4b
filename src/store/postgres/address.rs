//! What a PostgreSQL URL means. Pure: nothing is connected or read, and no part of the URL is repeated in a fault.
//!
//! People bring the URL that another program was happy with: Prisma's, node-postgres', SQLAlchemy's, JDBC's, the whole
//! `psql` command of Neon's console. What is understood holds; what only concerns that program is passed over and
//! listed; what contradicts itself, or could not be held, is a fault. A password may hold `@ / ? # %` as they are.
//!
//! How far the server's certificate is verified:
//!
//! | `sslmode` | connection | certificate |
//! |---|---|---|
//! | none | encrypted where the server offers it | verified |
//! | `disable` | never encrypted | |
//! | `allow`, `prefer` | encrypted where the server offers it | not verified, as with libpq: whoever could forge it could as well refuse encryption |
//! | `require` | encrypted | **verified**, where libpq would not: the URLs of Neon and others say `require` and mean a public certificate |
//! | `require` with `uselibpqcompat=true`, `no-verify` | encrypted | not verified: the way out, by a name that says so |
//! | `verify-ca`, `verify-full` | encrypted | verified, and so is the host's name |
//!
//! `sslrootcert=FILE` trusts the authorities in that file and no others; the host's name is then left out with `require`
//! and `verify-ca`, as with libpq. `sslrootcert=system` is what is trusted anyway, and always verifies all.

mod parameters;
mod split;

use crate::store::address::{AddressFault, unquoted};
use parameters::Parameters;
use std::path::PathBuf;
use std::time::Duration;
use tokio_postgres::Config;

/// How long a connection may take to come about if nobody waits for a code and the URL does not say: a compute that
/// sleeps may need seconds to wake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a database is, and how to talk to it.
#[derive(Debug)]
pub struct Address {
    /// What the driver wants to know.
    pub(super) config: Config,
    /// Whom to believe.
    pub certificates: Certificates,
    /// How long a connection may take to come about if nobody waits for a code.
    pub connect_timeout: Duration,
    /// Names of parameters that have no effect here.
    pub passed_over: Vec<String>,
}

/// Which certificates are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Certificates {
    /// Those that the whole program trusts, for the host's name.
    Trusted,
    /// Those of the authorities in this file, or in it themselves.
    OfFile {
        /// A file in PEM form.
        path: PathBuf,
        /// Whether the host's name must be in the certificate.
        names: bool,
    },
    /// All.
    Any,
}

impl Address {
    /// Reads a URL; `None` if it is not one of PostgreSQL's.
    pub(in crate::store) fn parse(url: &str) -> Option<Result<Self, AddressFault>> {
        // Neon's console and others offer the whole command.
        let url = url.strip_prefix("psql ").map_or(url, unquoted);
        let url = url.strip_prefix("jdbc:").unwrap_or(url);
        let (scheme, rest) = url.split_once("://")?;
        // SQLAlchemy names its driver behind a plus.
        let scheme = scheme.split('+').next().unwrap_or(scheme).to_ascii_lowercase();
        matches!(scheme.as_str(), "postgres" | "postgresql").then(|| read(rest))
    }
}

fn read(rest: &str) -> Result<Address, AddressFault> {
    let parts = split::split(rest)?;
    let mut parameters = Parameters::default();
    if let Some(credentials) = parts.credentials {
        parameters.credentials(credentials)?;
    }
    for (host, port) in parts.hosts {
        parameters.host(host, port)?;
    }
    if let Some(database) = parts.database {
        parameters.database(database)?;
    }
    for (name, value) in parts.query {
        parameters.set(name, value)?;
    }
    parameters.into_address()
}

#[cfg(test)]
mod tests;
