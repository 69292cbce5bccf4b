//! Counts by the hour, shared by all instances: what order of providers and budgets are learnt from.
//!
//! They are gathered in the process and written in one statement, so that a busy country is no hot row; they lag by
//! as long as that takes, and what a crash had not written is lost. Nothing counts twice: of a write whose answer was
//! lost nobody knows whether it was done, so each has a number, and is done once.

use super::StoreError;
use crate::domain::Timestamp;

/// Keeps tallies.
#[async_trait::async_trait]
pub trait Tallies: Send + Sync {
    /// Adds to what is there; a count may be negative. A batch that was added before changes nothing.
    async fn tally(&self, tallies: &[Tally], batch: &Batch) -> Result<(), StoreError>;

    /// All tallies of this hour and later ones.
    async fn tallies(&self, since_hour: i64) -> Result<Vec<Tally>, StoreError>;

    /// Forgets the tallies of earlier hours, of one kind or of all.
    async fn forget_tallies(&self, before_hour: i64, kind: Option<&str>) -> Result<(), StoreError>;
}

/// Which write of which process it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The process, by a name that it gave itself when it started.
    pub writer: String,
    /// How many it wrote before, and this one.
    pub number: i64,
    /// Hours since the Unix epoch, when it was put together: a writer of long ago is forgotten.
    pub hour: i64,
}

/// A count of something in one hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Hours since the Unix epoch.
    pub hour: i64,
    /// What is counted.
    pub kind: String,
    /// Two letters of ISO 3166-1; empty for a number of no country.
    pub region: String,
    /// The provider, or the prefix of numbers; empty if it does not matter.
    pub detail: String,
    /// How many.
    pub count: i64,
}

impl Tally {
    /// The hour of a time.
    pub fn hour_of(at: Timestamp) -> i64 {
        at.as_millis().div_euclid(3_600_000)
    }
}
