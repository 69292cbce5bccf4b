//! Users: they ask for a code, wait for it, type it, and ask again if it does not come.

use super::neon::Neon;
use super::scene::{ASKS, CODE_LIFE, COUNTRIES, NEVER_TYPE, PATIENCE, TYPING};
use super::world::World;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// Somebody who wants to sign in.
pub struct User {
    index: usize,
    /// Their place among the countries.
    pub country: usize,
    luck: SmallRng,
}

impl User {
    /// The user of this index: the same one in every run.
    pub fn new(index: usize) -> Self {
        let mut luck = SmallRng::seed_from_u64(index as u64);
        let mut left = luck.random_range(0..100);
        let lives_in = |country: &super::scene::Country| {
            let here = left < country.percent;
            left = left.saturating_sub(country.percent);
            here
        };
        let country = COUNTRIES.iter().position(lives_in).unwrap_or_default();
        Self { index, country, luck }
    }

    /// Their number, which is nobody else's.
    pub fn number(&self) -> String {
        let country = &COUNTRIES[self.country];
        format!("{}{:0width$}", country.prefix, self.index, width = country.digits)
    }

    /// Tries to sign in; returns how long it took, if it led to anything.
    pub async fn signs_in(mut self, neon: Arc<Neon>, world: Arc<World>) -> Option<Duration> {
        let (number, begun) = (self.number(), Instant::now());
        let mut texts = world.phone(&number);
        let types = !self.luck.random_bool(NEVER_TYPE);
        let mut took = None;
        for ask in 0..ASKS {
            let asked = Instant::now();
            let (id, code) = (format!("{}.{ask}", self.index), self.code());
            neon.sends_code(&world, &id, &number, &code).await;
            let patience =
                if ask + 1 == ASKS { Duration::from_secs(CODE_LIFE) } else { self.seconds(PATIENCE) };
            if self.gets(&mut texts, &code, asked + patience).await {
                sleep(self.seconds(TYPING)).await;
                if types && asked.elapsed() < Duration::from_secs(CODE_LIFE) {
                    took = Some(begun.elapsed());
                    neon.verified(&world, &format!("{id}.verified"), &number).await;
                }
                break;
            }
        }
        world.off(&number);
        took
    }

    /// Waits for the code; an older one is void by now.
    async fn gets(
        &self,
        texts: &mut tokio::sync::mpsc::UnboundedReceiver<String>,
        code: &str,
        until: Instant,
    ) -> bool {
        while let Ok(Some(text)) = timeout_at(until, texts.recv()).await {
            if text.contains(code) {
                return true;
            }
        }
        false
    }

    fn code(&mut self) -> String {
        format!("{:06}", self.luck.random_range(0..1_000_000))
    }

    fn seconds(&mut self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.luck.random_range(range.start * 1000..range.end * 1000))
    }
}
