//! Deliveries page by page, for somebody who looks through them beside the servers: the newest first, and never counted
//! or skipped over, so that a page costs the same wherever it begins.

use super::log::{self, DeliveryLog};
use super::texts::{Delivery, Only};
use super::{StoreAddress, StoreError, Tally, postgres, sqlite};
use crate::domain::{DeliveryRef, EventId, Region, Timestamp};
use sms_providers::ProviderName;
use std::sync::Arc;

/// What is kept, to be looked through. Nothing is made or changed.
#[async_trait::async_trait]
pub trait Browse: DeliveryLog {
    /// The first `limit` deliveries of the filter, or the first ones behind a place; the newest first.
    async fn page(
        &self,
        filter: &Filter,
        behind: Option<&Place>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// As [`Tallies::tallies`](super::Tallies::tallies).
    async fn tallies_since(&self, hour: i64) -> Result<Vec<Tally>, StoreError>;

    /// The types of all events but [`USUAL`], in their order; the first `limit` of them.
    async fn other_types(&self, limit: u32) -> Result<Vec<String>, StoreError>;

    /// How a page of this filter is found, in the database's own words.
    async fn plan(&self, filter: &Filter, behind: Option<&Place>) -> Result<Vec<String>, StoreError>;
}

/// The type of nearly all events. It has no part in the index by types, which so costs a code nothing.
pub const USUAL: &str = "send.otp";

/// Which deliveries are meant: those of which all that is set is true.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The one of this reference.
    pub reference: Option<DeliveryRef>,
    /// To the number of this hash.
    pub recipient_hash: Option<String>,
    /// To a number of this country.
    pub region: Option<Region>,
    /// This provider was asked.
    pub provider: Option<ProviderName>,
    /// Of this type.
    pub event_type: Option<String>,
    /// Came at this time or later.
    pub since: Option<Timestamp>,
    /// Ended, or stands, in this way.
    pub state: Option<State>,
}

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It ended like this.
    Ended(Only),
    /// A text was taken, its code lives at this time, and the user has not typed it yet.
    Waiting(Timestamp),
    /// The user got in.
    Verified,
}

/// Where a page begins: behind this delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// When it came.
    pub came_at: Timestamp,
    /// Its event.
    pub event: EventId,
}

/// No code lives longer, in milliseconds: Neon allows ten minutes.
pub(super) const LONGEST_LIFE: i64 = 3_600_000;

/// Opens the store of a `STORE_URL` to look through it. A file that is not there is not made.
///
/// # Errors
/// As of [`look_into`](super::look_into).
pub fn browse(url: &str, tls: rustls::ClientConfig) -> Result<Arc<dyn Browse>, StoreError> {
    Ok(match StoreAddress::parse(url)? {
        StoreAddress::Memory => return Err(log::memory().into()),
        StoreAddress::Sqlite { path, .. } => Arc::new(sqlite::SqliteLog::new(path)),
        StoreAddress::Postgres(address) => Arc::new(postgres::PostgresLog::open(*address, tls)?),
    })
}
