//! The same for what a store knows of numbers: those for tests, those that are closed, those that are forgotten.

use super::Plugged;
use neon_sms_relay::domain::{EventId, Timestamp};
use neon_sms_relay::store::{
    Closing, Closings, ErasedEvents, ErasedNumber, Erasure, Forgotten, KeptCode, SealedItem, StoreError,
    TestCodes,
};

#[async_trait::async_trait]
impl TestCodes for Plugged {
    async fn keep_test_code(&self, code: &KeptCode) -> Result<(), StoreError> {
        self.check("keep_test_code")?.keep_test_code(code).await
    }
    async fn test_code(&self, hash: &str, now: Timestamp) -> Result<Option<KeptCode>, StoreError> {
        self.check("test_code")?.test_code(hash, now).await
    }
    async fn forget_test_codes(&self, now: Timestamp) -> Result<(), StoreError> {
        self.check("forget_test_codes")?.forget_test_codes(now).await
    }
}

#[async_trait::async_trait]
impl Erasure for Plugged {
    async fn erase_events(&self, ids: &[EventId], since: Timestamp) -> Result<ErasedEvents, StoreError> {
        self.check("erase_events")?.erase_events(ids, since).await
    }
    async fn erase_number(&self, hash: &str) -> Result<ErasedNumber, StoreError> {
        self.check("erase_number")?.erase_number(hash).await
    }
    async fn sealed_behind(&self, after: i64, limit: u32) -> Result<Vec<SealedItem>, StoreError> {
        self.check("sealed_behind")?.sealed_behind(after, limit).await
    }
    async fn announce(&self, forgotten: &Forgotten) -> Result<(), StoreError> {
        self.check("announce")?.announce(forgotten).await
    }
    async fn forgotten(&self) -> Result<Vec<Forgotten>, StoreError> {
        self.check("forgotten")?.forgotten().await
    }
    async fn forget_announcements(&self, before: Timestamp) -> Result<(), StoreError> {
        self.check("forget_announcements")?.forget_announcements(before).await
    }
}

#[async_trait::async_trait]
impl Closings for Plugged {
    async fn close(&self, closing: &Closing) -> Result<(), StoreError> {
        self.check("close")?.close(closing).await
    }
    async fn open(&self, prefix: &str) -> Result<bool, StoreError> {
        self.check("open")?.open(prefix).await
    }
    async fn closings(&self) -> Result<Vec<Closing>, StoreError> {
        self.check("closings")?.closings().await
    }
    async fn forget_closings(&self, now: Timestamp) -> Result<(), StoreError> {
        self.check("forget_closings")?.forget_closings(now).await
    }
}
