//! The spans of a delivery: webhook → claim → guard → vendor → finish, and app and outbox.
//!
//! They have a target of their own, which log lines do not show and only an exporter looks at: without one none is
//! ever made. No span holds a number, a code, or a word of anybody else's.

use crate::domain::Event;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use sms_providers::Attempt;
use tracing::field::Empty;
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// What the spans are told apart by.
pub const TARGET: &str = "otlp";

/// The headers of W3C Trace Context (<https://www.w3.org/TR/trace-context/>).
pub const CONTEXT: [&str; 2] = ["traceparent", "tracestate"];

/// A verified event, from the request that brought it to its answer; `header` finds the request's [`CONTEXT`].
pub fn webhook<'h>(event: &Event, attempt: Option<u8>, header: impl Fn(&str) -> Option<&'h str>) -> Span {
    let span = info_span!(
        target: TARGET, "webhook", otel.kind = "server", event.id = %event.id, event.kind = event.kind.label(), attempt,
        http.request.method = "POST", http.response.status_code = Empty, replayed = Empty, otel.status_code = Empty
    );
    if !span.is_disabled() {
        let sent = CONTEXT.map(|name| header(name).map(|value| (name, value.to_owned())));
        let context = TraceContextPropagator::new().extract(&Carrier(sent.into_iter().flatten().collect()));
        // Fails only for a span that has begun, or that nobody exports.
        let _ = span.set_parent(context);
    }
    span
}

/// The current span's event was answered.
pub fn answered(span: &Span, status: u16, replayed: bool) {
    span.record("http.response.status_code", status).record("replayed", replayed);
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}

/// Waiting for the lease of an event.
pub fn claim() -> Span {
    info_span!(target: TARGET, "claim")
}

/// Writing down what was decided.
pub fn finish() -> Span {
    info_span!(target: TARGET, "finish")
}

/// Whether the text may be sent.
pub fn guard() -> Span {
    info_span!(target: TARGET, "guard", outcome = Empty, rule = Empty)
}

/// What was decided, and the first rule that led to it.
pub fn decided(span: &Span, outcome: &'static str, rule: Option<&'static str>) {
    span.record("outcome", outcome);
    if let Some(rule) = rule {
        span.record("rule", rule);
    }
}

/// One request to a vendor.
pub fn vendor() -> Span {
    info_span!(
        target: TARGET, "vendor", otel.kind = "client", provider = Empty, verdict = Empty, otel.status_code = Empty
    )
}

/// Who was asked, and what came of it.
pub fn asked(span: &Span, attempt: &Attempt) {
    span.record("provider", attempt.provider.as_str()).record("verdict", attempt.verdict());
    if attempt.failure.is_some() {
        span.record("otel.status_code", "ERROR");
    }
}

/// One request to the user's app.
pub fn app(attempt: u32) -> Span {
    info_span!(
        target: TARGET, "app", otel.kind = "client", attempt, http.request.method = "POST",
        http.response.status_code = Empty, otel.status_code = Empty
    )
}

/// What the app answered; `None` if nothing.
pub fn app_answered(span: &Span, status: Option<u16>) {
    if let Some(status) = status {
        span.record("http.response.status_code", status);
    }
    if status.is_none_or(|status| status >= 400) {
        span.record("otel.status_code", "ERROR");
    }
}

/// An event from the outbox on its way to the app: a trace of its own, since Neon's has long ended.
pub fn outbox(event_id: &str) -> Span {
    info_span!(target: TARGET, parent: None, "outbox", event.id = event_id)
}

/// The headers by which whoever is asked goes on with the current trace; none if it is not exported.
pub fn context() -> Vec<(&'static str, String)> {
    let context = Span::current().context();
    if !context.span().span_context().is_valid() {
        return Vec::new();
    }
    let mut carrier = Carrier::default();
    TraceContextPropagator::new().inject_context(&context, &mut carrier);
    carrier.0
}

#[derive(Default)]
struct Carrier(Vec<(&'static str, String)>);

impl Extractor for Carrier {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| *name).collect()
    }
}

impl Injector for Carrier {
    fn set(&mut self, name: &str, value: String) {
        let known = CONTEXT.into_iter().find(|known| *known == name && !value.is_empty());
        self.0.extend(known.map(|name| (name, value)));
    }
}
