//! A store whose operations can be made to fail, one by one or all together.

use crate::harness::{Start, TestRelay};
use neon_sms_relay::app::Parts;
use neon_sms_relay::domain::{DeliveryRef, EventId, HashKey, TextRef, Timestamp};
use neon_sms_relay::store::memory::MemoryStore;
use neon_sms_relay::store::texts::{
    About, Delivery, Failure, Query, Report, Reported, Resend, Verified, Why,
};
use neon_sms_relay::store::{
    Batch, Claim, Closing, Closings, Counts, DeliveryStore, Entry, ErasedEvents, ErasedNumber, Erasure,
    Forgotten, Held, Item, KeptCode, Lease, NewDelivery, Next, Outbox, Outcome, SealedItem, Selection,
    StoreError, Taken, Tallies, Tally, TestCodes, Text, TextLog, Whose,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// A store with plugs to pull.
#[derive(Default)]
pub struct Plugged {
    pub store: MemoryStore,
    sleeps: bool,
    pulled: Mutex<Pulled>,
    /// How often each operation was asked for.
    asked: Mutex<BTreeMap<String, usize>>,
    /// Whether reports get stuck, how many are, and how many were at most.
    jammed: watch::Sender<bool>,
    stuck: Mutex<(usize, usize)>,
}

/// A report that is being written down.
struct Stuck<'a>(&'a Mutex<(usize, usize)>);

impl Drop for Stuck<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap().0 -= 1;
    }
}

#[derive(Default)]
struct Pulled {
    all: bool,
    operations: Vec<&'static str>,
    /// These are done, and their answers lost.
    unanswered: Vec<&'static str>,
    /// How often an operation was refused.
    refused: usize,
}

impl Plugged {
    /// One that falls asleep while nobody uses it.
    pub fn sleepy() -> Self {
        Self { sleeps: true, ..Self::default() }
    }

    /// Makes every operation fail, or none.
    pub fn pull(&self, all: bool) {
        *self.pulled.lock().unwrap() = Pulled { all, ..Pulled::default() };
    }

    /// Makes the operations of these names fail, and no others.
    pub fn pull_only(&self, operations: &[&'static str]) {
        *self.pulled.lock().unwrap() = Pulled { operations: operations.to_vec(), ..Pulled::default() };
    }

    /// Lets the operations of these names be done and their answers get lost.
    pub fn lose_answers(&self, operations: &[&'static str]) {
        *self.pulled.lock().unwrap() = Pulled { unanswered: operations.to_vec(), ..Pulled::default() };
    }

    /// Waits until an operation was refused.
    pub async fn wait_for_refusals(&self, count: usize) {
        while self.pulled.lock().unwrap().refused < count {
            tokio::task::yield_now().await;
        }
    }

    /// Lets reports get stuck from now on, or go on.
    pub fn jam_reports(&self, jammed: bool) {
        self.jammed.send_replace(jammed);
    }

    /// How many reports were being written down at once, at most.
    pub fn most_reports(&self) -> usize {
        self.stuck.lock().unwrap().1
    }

    /// How often each operation was asked for so far.
    pub fn asked(&self) -> BTreeMap<String, usize> {
        self.asked.lock().unwrap().clone()
    }

    fn answer(&self, operation: &str) -> Result<(), StoreError> {
        let mut pulled = self.pulled.lock().unwrap();
        if pulled.unanswered.contains(&operation) {
            pulled.refused += 1;
            return Err(StoreError::timed_out());
        }
        Ok(())
    }

    fn check(&self, operation: &str) -> Result<&MemoryStore, StoreError> {
        *self.asked.lock().unwrap().entry(operation.to_owned()).or_default() += 1;
        let mut pulled = self.pulled.lock().unwrap();
        if pulled.all || pulled.operations.contains(&operation) {
            pulled.refused += 1;
            return Err(StoreError::timed_out());
        }
        Ok(&self.store)
    }
}

/// A relay on such a store, with these variables.
pub async fn relay_on_a_plugged_store(vars: &[(&'static str, &str)]) -> (TestRelay, Arc<Plugged>) {
    let store = Arc::new(Plugged::default());
    let parts = Parts { store: Some(store.clone()), ..Parts::default() };
    let vars = vars.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    (TestRelay::with(Start { vars, parts, ..Start::default() }).await, store)
}

#[async_trait::async_trait]
impl DeliveryStore for Plugged {
    async fn claim(
        &self,
        delivery: &NewDelivery,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Claim, StoreError> {
        self.check("claim")?.claim(delivery, now, lease).await
    }
    async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<Held, StoreError> {
        self.check("renew")?.renew(lease, until).await
    }
    async fn finish(&self, lease: Lease, outcome: &Outcome, now: Timestamp) -> Result<Held, StoreError> {
        self.check("finish")?.finish(lease, outcome, now).await
    }
    async fn release(&self, lease: Lease, texts: &[Text]) -> Result<(), StoreError> {
        self.check("release")?.release(lease, texts).await
    }
    async fn purge(&self, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        self.check("purge")?.purge(before, now).await
    }
    async fn hash_key(&self) -> Result<HashKey, StoreError> {
        self.check("hash_key")?.hash_key().await
    }
    async fn ping(&self) -> Result<(), StoreError> {
        self.check("ping")?.ping().await
    }
    fn sleeps(&self) -> bool {
        self.sleeps
    }
}

#[async_trait::async_trait]
impl TextLog for Plugged {
    async fn report(&self, about: &About, report: &Report, now: Timestamp) -> Result<Reported, StoreError> {
        let _stuck = {
            let mut stuck = self.stuck.lock().unwrap();
            *stuck = (stuck.0 + 1, stuck.1.max(stuck.0 + 1));
            Stuck(&self.stuck)
        };
        let mut jammed = self.jammed.subscribe();
        jammed.wait_for(|jammed| !jammed).await.unwrap();
        self.check("report")?.report(about, report, now).await
    }
    async fn failures(&self, since: Timestamp, limit: u32) -> Result<Vec<Failure>, StoreError> {
        self.check("failures")?.failures(since, limit).await
    }
    async fn begin_resend(
        &self,
        failed: &TextRef,
        why: Why,
        requests: u8,
        max: u8,
    ) -> Result<Option<Resend>, StoreError> {
        self.check("begin_resend")?.begin_resend(failed, why, requests, max).await
    }
    async fn record_resend(
        &self,
        delivery: &DeliveryRef,
        resend: Resend,
        texts: &[Text],
        may_have_sent: bool,
    ) -> Result<(), StoreError> {
        self.check("record_resend")?.record_resend(delivery, resend, texts, may_have_sent).await
    }
    async fn verified(
        &self,
        recipient_hash: &str,
        alive_at: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Verified>, StoreError> {
        self.check("verified")?.verified(recipient_hash, alive_at, now).await
    }
    async fn deliveries(&self, query: &Query, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        self.check("deliveries")?.deliveries(query, limit).await
    }
}

#[async_trait::async_trait]
impl Tallies for Plugged {
    async fn tally(&self, tallies: &[Tally], batch: &Batch) -> Result<(), StoreError> {
        self.check("tally")?.tally(tallies, batch).await?;
        self.answer("tally")
    }
    async fn tallies(&self, since_hour: i64) -> Result<Vec<Tally>, StoreError> {
        self.check("tallies")?.tallies(since_hour).await
    }
    async fn forget_tallies(&self, before_hour: i64, kind: Option<&str>) -> Result<(), StoreError> {
        self.check("forget_tallies")?.forget_tallies(before_hour, kind).await
    }
}

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

#[async_trait::async_trait]
impl Outbox for Plugged {
    async fn take_due(
        &self,
        now: Timestamp,
        lease: Duration,
        limit: u32,
        whose: Whose<'_>,
    ) -> Result<Taken, StoreError> {
        self.check("take_due")?.take_due(now, lease, limit, whose).await
    }
    async fn delivered(&self, id: &EventId, now: Timestamp) -> Result<(), StoreError> {
        self.check("delivered")?.delivered(id, now).await
    }
    async fn failed(&self, item: &Item, failure: &str, next: Next) -> Result<(), StoreError> {
        self.check("failed")?.failed(item, failure, next).await
    }
    async fn give_turns(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.check("give_turns")?.give_turns(now).await
    }
    async fn list(&self, selection: &Selection, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.check("list")?.list(selection, limit).await
    }
    async fn sealed(&self, id: &EventId) -> Result<Option<Vec<u8>>, StoreError> {
        self.check("sealed")?.sealed(id).await
    }
    async fn retry(&self, which: &Selection, now: Timestamp, until: Timestamp) -> Result<u64, StoreError> {
        self.check("retry")?.retry(which, now, until).await
    }
    async fn discard(&self, selection: &Selection, now: Timestamp) -> Result<u64, StoreError> {
        self.check("discard")?.discard(selection, now).await
    }
    async fn purge_dead(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.check("purge_dead")?.purge_dead(before).await
    }
    async fn counts(&self) -> Result<Counts, StoreError> {
        self.check("counts")?.counts().await
    }
    async fn oldest(&self) -> Result<Option<Timestamp>, StoreError> {
        self.check("oldest")?.oldest().await
    }
}
