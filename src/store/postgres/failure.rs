//! What PostgreSQL, or the way to it, says of a failure, in our own words: a class and an SQLSTATE.
//!
//! Never PostgreSQL's own sentence: it may quote what was written. The codes are those of
//! <https://www.postgresql.org/docs/current/errcodes-appendix.html>.

use crate::store::StoreError;
use deadpool_postgres::PoolError;
use sms_providers::NetworkCause;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// Stands for the user in statements that somebody is to run.
pub(super) const THE_USER: &str = "the_user";

/// Why a statement failed, as far as the next step depends on it.
pub(super) enum Failure {
    /// The connection had been closed, by a restart of the server for one.
    Closed,
    /// It was undone, since it and another one waited for each other: the other one has gone on by now.
    Undone(StoreError),
    /// Anything else.
    Store(StoreError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        // A server that is stopped says so (57P01, 57P02) or just hangs up, which has no code.
        match error.code().map(SqlState::code) {
            None | Some("57P01" | "57P02") => Self::Closed,
            Some("40P01" | "40001") => Self::Undone(error.into()),
            Some(_) => Self::Store(error.into()),
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Closed => Self::Unreachable("the connection to PostgreSQL broke".to_owned()),
            Failure::Undone(error) | Failure::Store(error) => error,
        }
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let Some(code) = error.code() else { return Self::Unreachable(no_connection(&error)) };
        let told = told(code.code());
        let sentence = told.map_or_else(String::new, |told| format!("{told} "));
        let sentence = format!("{sentence}(SQLSTATE {})", code.code());
        // Class 08 and 57, and too many connections: it is there, and does not take us.
        if matches!(code.code().get(..2), Some("08" | "28" | "3D" | "53" | "57")) {
            Self::Unreachable(sentence)
        } else {
            Self::Failed(sentence)
        }
    }
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            PoolError::Timeout(_) => Self::timed_out(),
            _ => Self::Unreachable("no connection to PostgreSQL".to_owned()),
        }
    }
}

/// Why there is no connection.
fn no_connection(error: &Error) -> String {
    // The driver has no type for it, and its words hold no value.
    let source = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    if source.contains("does not support TLS") {
        return "PostgreSQL refuses TLS, which sslmode asks for".to_owned();
    }
    if source.contains("failed to lookup address") {
        return format!("PostgreSQL: {}", NetworkCause::Dns);
    }
    match NetworkCause::behind(error) {
        Some(cause @ (NetworkCause::UnknownAuthority | NetworkCause::OtherName | NetworkCause::Expired)) => {
            format!("PostgreSQL: {cause}; sslrootcert names its authority, sslmode=no-verify believes any")
        }
        Some(cause) => format!("PostgreSQL: {cause}"),
        None => "the connection to PostgreSQL broke".to_owned(),
    }
}

fn told(code: &str) -> Option<&'static str> {
    Some(match code {
        "28P01" => "PostgreSQL refuses the user's password",
        "28000" => "PostgreSQL does not let this user in from here",
        "3D000" => "there is no such database",
        "53300" => "PostgreSQL has no connection left",
        "53100" => "PostgreSQL's disk is full",
        "57P03" => "PostgreSQL is starting up or stopping",
        "25006" => "PostgreSQL takes no writes: it is a replica, or read-only",
        "3F000" => {
            "the user's search_path names no schema; run: ALTER ROLE the_user SET search_path = public"
        }
        "42501" => {
            "the user may not do that; run: GRANT USAGE, CREATE ON SCHEMA public TO the_user, or, where the tables are there: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO the_user"
        }
        "42P01" => "a table of ours is missing",
        "42883" => "a function of ours is missing",
        _ => return None,
    })
}
