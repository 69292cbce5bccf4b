//! The health of all, looked at once for everybody who asks within a few seconds.

use super::Ground;
use crate::domain::{Region, Timestamp};
use crate::store::browse::Filter;
use crate::store::{Counts, StoreError, Tally};
use crate::studio::Sources;
use crate::studio::figures::{Figures, SAMPLE, SAMPLED_FOR, Seen, USUAL_HOURS};
use crate::studio::findings::{self, Finding};
use crate::studio::pages::health;
use crate::studio::problem::Problem;
use crate::studio::standing::Tone;
use actix_web::HttpResponse;
use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// One look for all who ask in this time.
const FRESH: Duration = Duration::from_secs(5);

/// What was seen last.
#[derive(Default)]
pub(super) struct Watch {
    last: Mutex<Option<Arc<Health>>>,
}

struct Health {
    figures: Figures,
    findings: Vec<Finding>,
    outbox: Counts,
    now: Timestamp,
}

impl Watch {
    async fn look(&self, sources: &Sources) -> Result<Arc<Health>, StoreError> {
        let now = sources.clock.now();
        let mut last = self.last.lock().await;
        if let Some(health) = last.as_ref().filter(|health| now.distance(health.now) < FRESH) {
            return Ok(health.clone());
        }
        let lately = Filter { since: Some(now.minus(SAMPLED_FOR)), ..Filter::default() };
        let latest = sources.log.page(&lately, None, SAMPLE).await?;
        let tallies = sources.log.tallies_since(Tally::hour_of(now) - USUAL_HOURS).await?;
        let (outbox, waits_since) = (sources.store.counts().await?, sources.store.oldest().await?);
        let seen = Seen { latest, tallies, outbox, waits_since, now };
        let figures = Figures::of(&seen);
        let mut findings = findings::of(&seen, &figures);
        findings.extend(findings::limits(&sources.limits.overview().await?));
        findings.sort_by_key(|finding| Reverse(finding.tone));
        let health = Arc::new(Health { figures, findings, outbox, now });
        *last = Some(health.clone());
        Ok(health)
    }

    /// How many things are wrong, and how much; nothing if that cannot be said.
    pub(super) async fn wrong(&self, sources: &Sources) -> Option<(Tone, usize)> {
        let health = self.look(sources).await.ok()?;
        Some((health.findings.first()?.tone, health.findings.len()))
    }

    /// The countries of the last two weeks, by their letters.
    pub(super) async fn regions(&self, sources: &Sources) -> Vec<Region> {
        let health = self.look(sources).await;
        let mut regions: Vec<_> =
            health.into_iter().flat_map(|health| health.figures.ratios.regions()).flatten().collect();
        regions.sort_unstable();
        regions
    }
}

pub(super) async fn shown(ground: Ground) -> Result<HttpResponse, Problem> {
    let health = ground.watch.look(&ground.sources).await?;
    let body = health::page(&health.figures, &health.findings, health.outbox, health.now);
    Ok(ground.page("/", "Health", Some(10), &body).await)
}
