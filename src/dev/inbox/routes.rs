//! The page itself, and a stream of what happens next.

use crate::dev::feed::Feed;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, ContentType};
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{Error, HttpResponse};
use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use futures_util::{Stream, StreamExt, stream};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

const PAGE: &str = include_str!("page.html");
/// Streams that are open at once.
const MAX_STREAMS: usize = 32;
/// How often an idle stream says something, so that one whose page is gone is noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Mounts the page and its stream. The `Data` are the caller's to add.
pub(in crate::dev) fn routes(cfg: &mut ServiceConfig) {
    cfg.app_data(Data::new(Policy::of(PAGE)))
        .route("/", web::get().to(page))
        .route("/dev/stream", web::get().to(stream_to_page));
}

/// The live streams of one server.
pub(in crate::dev) struct Streams {
    feed: Feed,
    places: Arc<Semaphore>,
    stopping: CancellationToken,
}

impl Streams {
    /// Streams of `feed` that end when `stopping` is cancelled.
    pub fn new(feed: Feed, stopping: CancellationToken) -> Self {
        Self { feed, places: Arc::new(Semaphore::new(MAX_STREAMS)), stopping }
    }
}

/// The `Content-Security-Policy` of the page: its own script and style and nothing else, by their hashes.
struct Policy(String);

impl Policy {
    fn of(page: &str) -> Self {
        let hash = |element: &str| {
            let content = page
                .split_once(&format!("<{element}>"))
                .and_then(|(_, rest)| rest.split_once(&format!("</{element}>")))
                .map_or("", |(content, _)| content);
            BASE64.encode(Sha256::digest(content))
        };
        Self(format!(
            "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; \
             img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            hash("script"),
            hash("style")
        ))
    }
}

async fn page(policy: Data<Policy>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header((CONTENT_SECURITY_POLICY, policy.0.as_str()))
        .body(PAGE)
}

async fn stream_to_page(streams: Data<Streams>) -> HttpResponse {
    let Ok(place) = streams.places.clone().try_acquire_owned() else {
        return HttpResponse::ServiceUnavailable()
            .json(json!({ "code": "BUSY", "message": "Too many pages are open" }));
    };
    let frames =
        frames(&streams.feed).take_until(streams.stopping.clone().cancelled_owned()).map(move |frame| {
            // Held until the stream is dropped.
            let _ = &place;
            Ok::<_, Error>(frame)
        });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        .streaming(frames)
}

/// What is told, and a comment every now and then; the first one at once, so that the page knows it is
/// connected.
fn frames(feed: &Feed) -> impl Stream<Item = Bytes> + use<> {
    stream::unfold((feed.listen(), interval(HEARTBEAT)), |(mut told, mut heartbeat)| async {
        let frame = tokio::select! {
            told = told.recv() => match told {
                Ok(frame) => frame,
                // The page was too slow to be told everything: let it load what it missed.
                Err(RecvError::Lagged(_)) => Bytes::from_static(b"event: reload\ndata: {}\n\n"),
                Err(RecvError::Closed) => return None,
            },
            _ = heartbeat.tick() => Bytes::from_static(b":\n\n"),
        };
        Some((frame, (told, heartbeat)))
    })
}
