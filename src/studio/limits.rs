//! The limits, as whoever starts the page knows how to get at them.

use crate::guard::{Prefix, Status};
use crate::store::StoreError;

/// The limits that all servers share.
#[async_trait::async_trait]
pub trait Limits: Send + Sync {
    /// How full they are, and what is closed.
    async fn overview(&self) -> Result<Overview, StoreError>;

    /// Closes a prefix until somebody opens it.
    async fn block(&self, prefix: Prefix) -> Result<(), StoreError>;

    /// Opens a prefix, whoever closed it; says whether it was closed.
    async fn unblock(&self, prefix: Prefix) -> Result<bool, StoreError>;
}

/// How full the limits are.
#[derive(Debug, Clone)]
pub struct Overview {
    /// By what the servers have written.
    pub status: Status,
    /// `SMS_DAILY_LIMIT`, in texts.
    pub daily_limit: Option<u64>,
    /// `SMS_DAILY_SPEND`, in millionths of the currency of the prices.
    pub daily_spend: Option<i64>,
}
