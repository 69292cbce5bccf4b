//! Where verification keys come from: Neon's JWKS documents, cached.
//!
//! Fetching happens in one place, [`KeyRefresher::run`], and never in a request, so that a client that
//! hangs up cannot cut a fetch off and a thousand strangers with invented key ids share one fetch.

use super::jwks::{JwkSet, Kid};
use crate::domain::{Clock, Timestamp};
use ed25519_dalek::VerifyingKey;
use futures_util::future::join_all;
use sms_providers::NetworkCause;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use url::Url;

/// An unknown key id may cause one fetch in this time, whatever arrives.
const ON_DEMAND_INTERVAL: Duration = Duration::from_secs(10);
/// A fetch has to leave time for the SMS within Neon's attempt.
const FETCH_TIMEOUT: Duration = Duration::from_millis(1500);
/// How long a key that Neon has withdrawn is still believed.
const BACKGROUND_INTERVAL: Duration = Duration::from_secs(300);
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
    /// The key of this id.
    async fn key(&self, kid: &Kid) -> Result<VerifyingKey, KeyError>;

    /// Whether there is a key set at all, however old.
    fn is_ready(&self) -> bool;
}

/// Why there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The key set is fresh and does not hold it.
    #[error("no key has this id")]
    Unknown,
    /// The key set cannot be fetched.
    #[error("the key set cannot be fetched")]
    Unavailable,
}

/// Keys from one or several JWKS URLs.
pub struct HttpKeySource {
    cache: watch::Receiver<Cache>,
    asks: mpsc::Sender<Ask>,
}

/// The only one that fetches; see [`run`](Self::run).
pub struct KeyRefresher {
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    urls: Vec<Url>,
    asks: mpsc::Receiver<Ask>,
    cache: watch::Sender<Cache>,
    last_on_demand: Option<Timestamp>,
    failures: usize,
}

/// The last good set of each URL, in their order.
#[derive(Clone)]
struct Cache {
    sets: Vec<Option<Arc<JwkSet>>>,
    fresh: bool,
}

struct Ask {
    kid: Kid,
    answered: oneshot::Sender<()>,
}

impl Cache {
    fn get(&self, kid: &Kid) -> Option<VerifyingKey> {
        self.sets.iter().flatten().find_map(|set| set.get(kid))
    }
}

impl HttpKeySource {
    /// A source for these URLs. It is empty until its refresher runs.
    pub fn new(urls: Vec<Url>, http: reqwest::Client, clock: Arc<dyn Clock>) -> (Self, KeyRefresher) {
        let (cache, cached) = watch::channel(Cache { sets: vec![None; urls.len()], fresh: false });
        let (asks, asked) = mpsc::channel(1024);
        let refresher =
            KeyRefresher { http, clock, urls, asks: asked, cache, last_on_demand: None, failures: 0 };
        (Self { cache: cached, asks }, refresher)
    }
}

#[async_trait::async_trait]
impl KeySource for HttpKeySource {
    async fn key(&self, kid: &Kid) -> Result<VerifyingKey, KeyError> {
        let cached = self.cache.borrow().get(kid);
        if let Some(key) = cached {
            return Ok(key);
        }
        let (answered, answer) = oneshot::channel();
        let ask = Ask { kid: kid.clone(), answered };
        self.asks.send(ask).await.map_err(|_| KeyError::Unavailable)?;
        answer.await.map_err(|_| KeyError::Unavailable)?;
        let cache = self.cache.borrow();
        match cache.get(kid) {
            Some(key) => Ok(key),
            None if cache.fresh => Err(KeyError::Unknown),
            None => Err(KeyError::Unavailable),
        }
    }

    fn is_ready(&self) -> bool {
        self.cache.borrow().sets.iter().any(Option::is_some)
    }
}

impl KeyRefresher {
    /// Fetches now, then on demand and in the background, until it is dropped or nobody asks any more.
    pub async fn run(mut self) {
        self.refresh().await;
        loop {
            let idle = match self.failures {
                0 => BACKGROUND_INTERVAL,
                failures => RETRY_INTERVALS[failures.min(RETRY_INTERVALS.len()) - 1],
            };
            tokio::select! {
                ask = self.asks.recv() => match ask {
                    Some(ask) => self.answer(ask).await,
                    None => return,
                },
                () = tokio::time::sleep(idle) => self.refresh().await,
            }
        }
    }

    async fn answer(&mut self, ask: Ask) {
        let now = self.clock.now();
        let allowed = self.last_on_demand.is_none_or(|last| now.distance(last) >= ON_DEMAND_INTERVAL);
        // Whoever asked while a fetch was running may find the key in what that fetch brought.
        let found = self.cache.borrow().get(&ask.kid).is_some();
        if allowed && !found {
            self.last_on_demand = Some(now);
            self.refresh().await;
        }
        // Whoever asked has hung up if this fails.
        let _ = ask.answered.send(());
    }

    async fn refresh(&mut self) {
        let fetched = join_all(self.urls.iter().map(|url| fetch(&self.http, url))).await;
        let fresh = fetched.iter().all(Result::is_ok);
        self.failures = if fresh { 0 } else { self.failures + 1 };
        let mut sets = self.cache.borrow().sets.clone();
        for ((known, url), fetched) in sets.iter_mut().zip(&self.urls).zip(fetched) {
            match fetched {
                Ok(set) => *known = Some(Arc::new(set)),
                Err(reason) => {
                    tracing::warn!(jwks.url = %url, %reason, kept = known.is_some(), "cannot fetch the key set");
                }
            }
        }
        self.cache.send_replace(Cache { sets, fresh });
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
