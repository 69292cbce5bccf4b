//! Where verification keys come from: Neon's JWKS documents, cached.
//!
//! Fetching happens in one place, [`KeyRefresher::run`], and never in a request, so that a client that
//! hangs up cannot cut a fetch off and a thousand strangers with invented key ids share one fetch. A request
//! whose key is not there waits for the next fetch: Neon's three attempts are over within milliseconds if it
//! is refused at once.

use super::jwks::{JwkSet, Kid};
use super::waiting::WaitingRoom;
use ed25519_dalek::VerifyingKey;
use futures_util::future::join_all;
use sms_providers::NetworkCause;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use url::Url;

/// An unknown key id may cause one fetch in this time, whatever arrives. One that has to wait for the next fetch is
/// answered within Neon's attempt all the same.
const ON_DEMAND_INTERVAL: Duration = Duration::from_secs(2);
/// A fetch has to leave time for the SMS within Neon's attempt.
const FETCH_TIMEOUT: Duration = Duration::from_millis(1500);
/// How long a key that Neon has withdrawn is still believed.
const BACKGROUND_INTERVAL: Duration = Duration::from_secs(300);
/// How often keys are fetched as long as there are none: every request waits for them.
const FIRST_INTERVAL: Duration = Duration::from_secs(1);
/// After a failure the next background fetch comes sooner, at first.
const RETRY_INTERVALS: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(30),
];

/// Knows the public keys of those who may sign.
#[async_trait::async_trait]
pub trait KeySource: Send + Sync {
    /// The key of this id. It may be long in coming; whoever asks has a deadline.
    async fn key(&self, kid: &Kid) -> Result<VerifyingKey, KeyError>;

    /// Whether there is a key set at all, however old.
    fn is_ready(&self) -> bool;
}

/// Why there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The key set was fetched after it was asked for, and does not hold it.
    #[error("no key has this id")]
    Unknown,
    /// Nothing can be said yet, and too many wait for it.
    #[error("the key set cannot be fetched")]
    Unavailable,
}

/// Keys from one or several JWKS URLs.
pub struct HttpKeySource {
    cache: watch::Receiver<Cache>,
    waiting: Arc<WaitingRoom>,
}

/// The only one that fetches; see [`run`](Self::run).
pub struct KeyRefresher {
    http: reqwest::Client,
    urls: Vec<Url>,
    cache: watch::Sender<Cache>,
    waiting: Arc<WaitingRoom>,
    tell_age: Box<dyn Fn(Instant) + Send + Sync>,
}

/// A set, and when its fetch began: Neon may have changed it since.
#[derive(Clone)]
struct Believed {
    set: Arc<JwkSet>,
    since: Instant,
}

/// The last good set of each URL, in their order.
type Cache = Vec<Option<Believed>>;

fn find(cache: &Cache, kid: &Kid) -> Option<VerifyingKey> {
    cache.iter().flatten().find_map(|believed| believed.set.get(kid))
}

impl HttpKeySource {
    /// A source for these URLs. It is empty until its refresher runs.
    pub fn new(urls: Vec<Url>, http: reqwest::Client) -> (Self, KeyRefresher) {
        let (cache, cached) = watch::channel(vec![None; urls.len()]);
        let waiting = Arc::<WaitingRoom>::default();
        let source = Self { cache: cached, waiting: waiting.clone() };
        (source, KeyRefresher { http, urls, cache, waiting, tell_age: Box::new(|_| {}) })
    }

    fn cached(&self, kid: &Kid) -> Option<VerifyingKey> {
        find(&self.cache.borrow(), kid)
    }
}

#[async_trait::async_trait]
impl KeySource for HttpKeySource {
    async fn key(&self, kid: &Kid) -> Result<VerifyingKey, KeyError> {
        if let Some(key) = self.cached(kid) {
            return Ok(key);
        }
        let answer = self.waiting.enter(kid);
        // A fetch may have ended between the two.
        if let Some(key) = self.cached(kid) {
            return Ok(key);
        }
        answer.await.unwrap_or(Err(KeyError::Unavailable))
    }

    fn is_ready(&self) -> bool {
        self.cache.borrow().iter().any(Option::is_some)
    }
}

impl KeyRefresher {
    /// Tells after each fetch since when the oldest set that is believed has been.
    pub fn telling(self, tell_age: impl Fn(Instant) + Send + Sync + 'static) -> Self {
        Self { tell_age: Box::new(tell_age), ..self }
    }

    /// Fetches now, then on demand and in the background, for ever.
    pub async fn run(&self) {
        let mut told = vec![None; self.urls.len()];
        let mut failures = 0;
        loop {
            let begun = Instant::now();
            let fresh = self.refresh(&mut told, failures + 1).await;
            failures = if fresh { 0 } else { failures + 1 };
            self.rest(begun, failures).await;
        }
    }

    /// Returns when it is time for the next fetch after one that began at `last`. Both times stand from the
    /// start: no request puts them off.
    async fn rest(&self, last: Instant, failures: usize) {
        let unasked = last
            + match failures {
                0 => BACKGROUND_INTERVAL,
                _ if self.cache.borrow().iter().all(Option::is_none) => FIRST_INTERVAL,
                failures => RETRY_INTERVALS[failures.min(RETRY_INTERVALS.len()) - 1],
            };
        let asked = async {
            self.waiting.somebody().await;
            sleep_until(last + ON_DEMAND_INTERVAL).await;
        };
        tokio::select! {
            () = sleep_until(unasked) => {}
            () = asked => {}
        }
    }

    /// Fetches every key set; whether all came. What failed is told when it begins and ever more rarely after.
    async fn refresh(&self, told: &mut [Option<FetchError>], attempt: usize) -> bool {
        let begun = Instant::now();
        let fetch_number = self.waiting.fetch_begins();
        let fetched = join_all(self.urls.iter().map(|url| fetch(&self.http, url))).await;
        let fresh = fetched.iter().all(Result::is_ok);
        let mut sets = self.cache.borrow().clone();
        for (((known, told), url), fetched) in sets.iter_mut().zip(told).zip(&self.urls).zip(fetched) {
            match fetched {
                Ok(set) => {
                    *known = Some(Believed { set: Arc::new(set), since: begun });
                    *told = None;
                }
                Err(reason) => {
                    if told.replace(reason) != Some(reason) || attempt.is_power_of_two() {
                        tracing::warn!(jwks.url = %url, %reason, attempt, kept = known.is_some(), "cannot fetch the key set");
                    }
                }
            }
        }
        if let Some(oldest) = sets.iter().flatten().map(|believed| believed.since).min() {
            (self.tell_age)(oldest);
        }
        self.cache.send_replace(sets.clone());
        self.waiting.fetch_ended(fetch_number, |kid| find(&sets, kid), fresh);
        fresh
    }
}

/// Why a key set could not be fetched, in our own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// No answer came.
    #[error(transparent)]
    NoAnswer(#[from] NetworkCause),
    /// Another status than 200.
    #[error("it answers with {0}: its status is not 200")]
    Status(u16),
    /// No whole document came.
    #[error("its document is too large, or broke off")]
    BrokeOff,
    /// A document without a key to verify with.
    #[error("its document holds no Ed25519 key")]
    NoKey,
}

/// Fetches one key set.
///
/// # Errors
/// Whatever stands between us and a usable key.
pub async fn fetch(http: &reqwest::Client, url: &Url) -> Result<JwkSet, FetchError> {
    let response = http.get(url.clone()).timeout(FETCH_TIMEOUT).send().await;
    let response = response.map_err(|error| NetworkCause::of(&error))?;
    if response.status() != reqwest::StatusCode::OK {
        return Err(FetchError::Status(response.status().as_u16()));
    }
    let document = super::read_capped(response).await.ok_or(FetchError::BrokeOff)?;
    JwkSet::parse(&document).map_err(|_| FetchError::NoKey)
}
