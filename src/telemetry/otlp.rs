//! Traces on their way to an OpenTelemetry collector: protobuf over HTTP.
//!
//! Spans wait in a bounded queue and leave from a thread of their own. A collector that is down costs what waits for it,
//! and a log line a minute.

use super::OnceAMinute;
use super::trace::TARGET;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Compression, Protocol, SpanExporter as Otlp, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, SpanData, SpanExporter};
use secrecy::{ExposeSecret, SecretString};
use sms_providers::NetworkCause;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Subscriber;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;
use url::Url;

/// The longest that the end of the process waits for the last spans.
const FLUSH: Duration = Duration::from_secs(2);

/// Where traces go, and as whose.
#[derive(Debug, Clone)]
pub struct Exporting {
    /// The whole URL, with its `/v1/traces`.
    pub endpoint: Url,
    /// What the collector wants to see, such as a token.
    pub headers: Vec<(String, SecretString)>,
    /// How long one request may take.
    pub timeout: Duration,
    /// Whether requests are compressed.
    pub gzip: bool,
    /// `service.name`
    pub service: String,
    /// Further attributes of the service.
    pub attributes: Vec<(String, String)>,
    /// Which traces are recorded.
    pub sampling: Sampling,
}

/// Which traces are recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// The share of those that begin here, from 0 to 1.
    pub ratio: f64,
    /// Whether whoever has begun a trace elsewhere decides about it.
    pub by_parent: bool,
}

/// Exports traces while it runs. Cheap to clone; clones share the queue.
#[derive(Debug, Clone)]
pub struct Traces {
    provider: SdkTracerProvider,
    /// Nothing more is asked of the collector: the runtime is about to go.
    closed: CancellationToken,
}

impl Traces {
    /// Starts to export through `http`, whose connections live on `runtime`.
    ///
    /// # Errors
    /// If the exporter cannot be built; no message of it holds a header.
    pub fn start(
        exporting: &Exporting,
        http: reqwest::Client,
        runtime: Handle,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let failure = Arc::new(Mutex::new(None));
        let closed = CancellationToken::new();
        let timeout = exporting.timeout;
        let client = Client { http, runtime, timeout, failure: failure.clone(), closed: closed.clone() };
        let headers = exporting.headers.iter();
        let headers = headers.map(|(name, value)| (name.clone(), value.expose_secret().to_owned()));
        let builder = Otlp::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(exporting.endpoint.as_str())
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(exporting.timeout)
            .with_headers(headers.collect());
        let builder = if exporting.gzip { builder.with_compression(Compression::Gzip) } else { builder };
        let exporter = Told { exporter: builder.build()?, failure, quiet: OnceAMinute::default() };
        let attributes = exporting.attributes.iter();
        let attributes = attributes.map(|(name, value)| KeyValue::new(name.clone(), value.clone()));
        let resource = Resource::builder()
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attributes(attributes)
            .with_service_name(exporting.service.clone())
            .build();
        let provider = SdkTracerProvider::builder()
            .with_sampler(exporting.sampling.sampler())
            .with_resource(resource)
            .with_batch_exporter(exporter)
            .build();
        Ok(Self { provider, closed })
    }

    /// Turns our own spans, and nothing else, into those of OpenTelemetry.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + 'static
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let layer: OpenTelemetryLayer<S, SdkTracer> =
            OpenTelemetryLayer::new(self.provider.tracer(env!("CARGO_PKG_NAME")));
        layer
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(|metadata| metadata.target() == TARGET))
    }

    /// Sends what waits, for two seconds at most. Not for a thread of the runtime: it blocks.
    pub fn end(&self) {
        // What fails was told by the exporter.
        let _ = self.provider.shutdown_with_timeout(FLUSH);
        self.abandon();
    }

    /// Gives up what waits and what is on its way.
    pub fn abandon(&self) {
        self.closed.cancel();
    }
}

impl Sampling {
    fn sampler(self) -> Sampler {
        let own = match self.ratio {
            1.0 => Sampler::AlwaysOn,
            0.0 => Sampler::AlwaysOff,
            ratio => Sampler::TraceIdRatioBased(ratio),
        };
        if self.by_parent { Sampler::ParentBased(Box::new(own)) } else { own }
    }
}

/// Why the last request failed, in words of ours.
type Failure = Arc<Mutex<Option<String>>>;

/// Our client in the place of those that the exporter could bring along.
struct Client {
    http: reqwest::Client,
    runtime: Handle,
    timeout: Duration,
    failure: Failure,
    closed: CancellationToken,
}

impl Client {
    async fn ask(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let (parts, body) = request.into_parts();
        let post = self.http.post(parts.uri.to_string()).headers(parts.headers).body(body);
        let exchange = async {
            let response = post.send().await?;
            let status = response.status();
            Ok::<_, reqwest::Error>((status, response.bytes().await?))
        };
        let answer = tokio::time::timeout(self.timeout, exchange).await;
        let (status, body) = answer
            .map_err(|_| "it did not answer in time".to_owned())?
            .map_err(|error| NetworkCause::of(&error).to_string())?;
        if !status.is_success() {
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(format!("it answered {}", status.as_u16()));
        }
        Response::builder().status(status).body(body).map_err(|_| "its answer is odd".to_owned())
    }
}

/// The client is shown by the exporter, whose URL and headers may hold credentials.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        // The exporter's thread belongs to no runtime and has nothing else to do.
        // A timer or a socket of a runtime that has gone would panic, so none is touched once it is about to go.
        let asked = async {
            tokio::select! {
                biased;
                () = self.closed.cancelled() => Err("the server has stopped".to_owned()),
                answer = self.ask(request) => answer,
            }
        };
        let answer = self.runtime.block_on(asked);
        answer.map_err(|reason| {
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.clone());
            reason.into()
        })
    }
}

/// An exporter whose failures are told, once a minute.
#[derive(Debug)]
struct Told<E> {
    exporter: E,
    failure: Failure,
    quiet: OnceAMinute,
}

impl<E: SpanExporter> SpanExporter for Told<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let result = self.exporter.export(batch).await;
        if result.is_err()
            && let Some(failures) = self.quiet.due(Instant::now())
        {
            let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
            let reason = failure.unwrap_or_else(|| "nothing was sent".to_owned());
            tracing::warn!(
                reason,
                spans,
                failures,
                "the collector does not take traces, and they are lost; see OTEL_EXPORTER_OTLP_ENDPOINT"
            );
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
