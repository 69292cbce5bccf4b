//! Sends a load.

use super::event::Event;
use super::measure::{Ended, Kind, Measured, Stream};
use super::pace::{Due, pace};
use super::{Load, PATIENCE, Stage};
use crate::dev::neon::Signer;
use crate::domain::Clock;
use reqwest::{RequestBuilder, Response};
use serde::Deserialize;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::task::TaskTracker;
use url::Url;

/// The first is due after so long, when everything that sends runs.
const LEAD: Duration = Duration::from_millis(50);

/// Where a load goes, and by what it is signed.
struct Sender {
    http: reqwest::Client,
    webhook: Url,
    signer: Arc<Signer>,
    stranger: Signer,
    clock: Arc<dyn Clock>,
}

impl Stage {
    /// Sends a load to a webhook and waits for every answer. Events begin with the one of place `first`: those of one
    /// place are for one number.
    ///
    /// # Errors
    /// If no thread can be started.
    pub async fn load(
        &self,
        http: reqwest::Client,
        webhook: &Url,
        clock: Arc<dyn Clock>,
        load: &Load,
        first: u64,
    ) -> io::Result<Measured> {
        let sender = Arc::new(Sender {
            http,
            webhook: webhook.clone(),
            signer: self.signer.clone(),
            stranger: Signer::random(),
            clock,
        });
        let start = Instant::now() + LEAD;
        let begin = |rate| {
            let (tell, due) = unbounded_channel();
            if rate > 0 {
                pace(rate, start, load.duration, tell)?;
            }
            Ok::<_, io::Error>(due)
        };
        let (signed, forged) = (begin(load.rate)?, begin(load.forged)?);
        let signed = sender.clone().send_signed(signed, load, first);
        let forged = sender.send_forged(forged, first);
        let ((signed, signed_at), (forged, forged_at)) = tokio::join!(signed, forged);
        let ended = |stream, at: Instant| Stream { elapsed: at.saturating_duration_since(start), ..stream };
        Ok(Measured { signed: ended(signed, signed_at), forged: ended(forged, forged_at) })
    }
}

impl Sender {
    async fn send_signed(
        self: Arc<Self>,
        mut due: UnboundedReceiver<Due>,
        load: &Load,
        first: u64,
    ) -> (Stream, Instant) {
        let (tell, ended) = unbounded_channel();
        let tasks = TaskTracker::new();
        let send = async {
            let mut recent = VecDeque::with_capacity(load.rate as usize);
            while let Some(Due { place, at }) = due.recv().await {
                let event = match repeated(place, load.duplicates, &recent) {
                    Some(event) => event,
                    None => {
                        let event = Event::new(first + place, self.clock.now());
                        if recent.len() == load.rate as usize {
                            recent.pop_front();
                        }
                        recent.push_back(event.clone());
                        event
                    }
                };
                let (sender, tell) = (self.clone(), tell.clone());
                tasks.spawn(async move {
                    let request = sender.http.post(sender.webhook.clone());
                    let request = event.signed(request, &sender.signer, sender.clock.now());
                    finish(request, at, Some(event.number), &tell).await;
                });
            }
            drop(tell);
        };
        let ((), stream) = tokio::join!(send, collect(ended));
        stream
    }

    async fn send_forged(self: Arc<Self>, mut due: UnboundedReceiver<Due>, first: u64) -> (Stream, Instant) {
        let (tell, ended) = unbounded_channel();
        let tasks = TaskTracker::new();
        let send = async {
            while let Some(Due { place, at }) = due.recv().await {
                let (sender, tell) = (self.clone(), tell.clone());
                tasks.spawn(async move {
                    let now = sender.clock.now();
                    let request = sender.http.post(sender.webhook.clone()).timeout(PATIENCE);
                    let event = Event::new(first + place, now);
                    let request = event.forged(request, &sender.signer, &sender.stranger, now, place);
                    finish(request, at, None, &tell).await;
                });
            }
            drop(tell);
        };
        let ((), stream) = tokio::join!(send, collect(ended));
        stream
    }
}

/// The event that is sent once more at this place, if one is: any of the last second.
fn repeated(place: u64, share: f64, recent: &VecDeque<Event>) -> Option<Event> {
    let so_far = |places: u64| (places as f64 * share) as u64;
    if so_far(place + 1) == so_far(place) || recent.is_empty() {
        return None;
    }
    // A prime apart, so that some are in flight and some are answered by then.
    recent.get((place.wrapping_mul(7919) % recent.len() as u64) as usize).cloned()
}

async fn finish(
    request: RequestBuilder,
    due: Instant,
    number: Option<Arc<str>>,
    tell: &UnboundedSender<Ended>,
) {
    let (kind, accepted) = match request.send().await {
        Ok(response) => answer(response).await,
        Err(error) => (failure(&error), false),
    };
    let accepted = number.filter(|_| accepted);
    // Whoever collects waits for the last of them.
    let _ = tell.send(Ended { kind, latency: due.elapsed(), accepted });
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// The kind of an answer, and whether it says that a text is on its way.
async fn answer(response: Response) -> (Kind, bool) {
    let status = response.status();
    let replayed = response.headers().contains_key("idempotent-replayed");
    // Read to its end in any case, so that the connection can be used again.
    let body = match response.bytes().await {
        Ok(body) => body,
        Err(error) => return (failure(&error), false),
    };
    let code = serde_json::from_slice(&body).ok().map(|Refusal { error }| error);
    let word = if replayed { Some("replayed".to_owned()) } else { code };
    let kind = word.map_or_else(|| status.as_u16().to_string(), |word| format!("{} {word}", status.as_u16()));
    (kind, status.is_success())
}

fn failure(error: &reqwest::Error) -> Kind {
    let kind = match (error.is_connect(), error.is_timeout()) {
        (true, _) => "no connection",
        (false, true) => "no answer in 5 s",
        (false, false) => "broke off",
    };
    kind.to_owned()
}

/// What ended, and when the last of it did.
async fn collect(mut ended: UnboundedReceiver<Ended>) -> (Stream, Instant) {
    let mut stream = Stream::new();
    while let Some(one) = ended.recv().await {
        stream.note(one);
    }
    (stream, Instant::now())
}
