//! Traces, read as a collector reads them.

use crate::harness::{CODE, NUMBER, event, otp};
use crate::process::ReadyRelay;
use neon_sms_relay::domain::{Clock, SystemClock};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::Value;
use wiremock::matchers::{header, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A trace of somebody else's, and a span in it.
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

async fn answering(reply: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::any()).respond_with(reply).mount(&server).await;
    server
}

async fn twilio() -> MockServer {
    let created = include_str!("../../fixtures/twilio/created_by_number.json");
    answering(ResponseTemplate::new(201).set_body_string(created)).await
}

/// A relay that sends through this Twilio, with further variables.
async fn relay(twilio: &MockServer, vars: &[(&str, &str)]) -> ReadyRelay {
    let uri = twilio.uri();
    let sender = [
        ("SMS_PROVIDER", "twilio"),
        ("TWILIO_BASE_URL", uri.as_str()),
        ("TWILIO_ACCOUNT_SID", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("TWILIO_AUTH_TOKEN", "s3cret"),
        ("TWILIO_FROM_NUMBER", "+15005550006"),
    ];
    ReadyRelay::start(&[&sender[..], vars].concat()).await
}

/// Delivers an event within somebody's trace; returns the status of the answer.
async fn deliver_within_a_trace(relay: &ReadyRelay, body: &Value) -> u16 {
    let body = body.to_string().into_bytes();
    let request = relay.signer.add_headers(relay.unsigned(&body), SystemClock.now(), &body);
    let request = request.header("traceparent", format!("00-{TRACE}-{PARENT}-01"));
    request.send().await.unwrap().status().as_u16()
}

/// What the collector was given, once the relay has ended.
async fn exported(relay: ReadyRelay, collector: &MockServer) -> (Vec<Span>, Vec<Vec<u8>>) {
    relay.process.signal("TERM");
    let (status, log) = relay.process.ended();
    assert_eq!(status.code(), Some(0), "{log}");
    let bodies: Vec<_> =
        collector.received_requests().await.unwrap().into_iter().map(|request| request.body).collect();
    let requests = bodies.iter().map(|body| ExportTraceServiceRequest::decode(&body[..]).unwrap());
    let scopes = requests.flat_map(|request| request.resource_spans).flat_map(|one| one.scope_spans);
    (scopes.flat_map(|scope| scope.spans).collect(), bodies)
}

fn named<'s>(spans: &'s [Span], name: &str) -> &'s Span {
    let names: Vec<_> = spans.iter().map(|span| &span.name).collect();
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no {name} among {names:?}"))
}

fn text(span: &Span, attribute: &str) -> Option<String> {
    let found = span.attributes.iter().find(|one| one.key == attribute)?;
    match found.value.clone()?.value? {
        AnyValue::StringValue(text) => Some(text),
        AnyValue::IntValue(number) => Some(number.to_string()),
        AnyValue::BoolValue(is) => Some(is.to_string()),
        other => panic!("{attribute} is {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_goes_from_the_webhook_over_claim_guard_and_vendor_to_the_end_and_holds_no_number_and_no_code()
 {
    let collector = MockServer::start().await;
    Mock::given(path("/v1/traces"))
        .and(header("content-type", "application/x-protobuf"))
        .and(header("x-token", "s3cret two"))
        .respond_with(ResponseTemplate::new(200))
        .expect(1..)
        .mount(&collector)
        .await;
    let twilio = twilio().await;
    let endpoint = collector.uri();
    let vars = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-token=s3cret%20two"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"),
        ("GUARD", "enforce"),
        // Whatever is logged.
        ("RUST_LOG", "error,neon_sms_relay=debug"),
    ];
    let relay = relay(&twilio, &vars).await;
    let body = otp(|_| {});
    assert_eq!(deliver_within_a_trace(&relay, &body).await, 200);
    let (spans, bodies) = exported(relay, &collector).await;

    let webhook = named(&spans, "webhook");
    assert_eq!(
        (hex::encode(&webhook.trace_id), hex::encode(&webhook.parent_span_id)),
        (TRACE.into(), PARENT.into())
    );
    for name in ["claim", "guard", "vendor", "finish"] {
        let span = named(&spans, name);
        assert_eq!(hex::encode(&span.trace_id), TRACE, "{name}");
        assert_eq!(span.parent_span_id, webhook.span_id, "{name}");
        assert!(span.start_time_unix_nano >= webhook.start_time_unix_nano, "{name}");
        assert!(span.events.is_empty(), "{name}: {:?}", span.events);
    }
    assert_eq!(text(webhook, "http.response.status_code").as_deref(), Some("200"));
    assert_eq!(text(webhook, "event.id").as_deref(), body["event_id"].as_str());
    assert_eq!(text(named(&spans, "guard"), "outcome").as_deref(), Some("allowed"));
    assert_eq!(text(named(&spans, "vendor"), "provider").as_deref(), Some("twilio"));
    assert_eq!(text(named(&spans, "vendor"), "verdict").as_deref(), Some("accepted"));

    let all = bodies.concat();
    let holds = |text: &str| all.windows(text.len()).any(|window| window == text.as_bytes());
    for secret in [NUMBER, &NUMBER[1..], CODE, "s3cret"] {
        assert!(!holds(secret), "{secret} was exported");
    }
    assert!(holds("neon-sms-relay") && holds("deployment.environment.name") && holds("service.version"));
    // A vendor is no part of the trace.
    for request in twilio.received_requests().await.unwrap() {
        assert!(!request.headers.contains_key("traceparent"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_goes_on_with_the_trace_and_an_event_from_the_outbox_has_one_of_its_own() {
    let (collector, app) =
        (answering(ResponseTemplate::new(200)).await, answering(ResponseTemplate::new(204)).await);
    let (endpoint, target) = (collector.uri(), app.uri());
    let vars = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("FORWARD_URL", target.as_str())];
    let relay = relay(&twilio().await, &vars).await;
    assert_eq!(deliver_within_a_trace(&relay, &event("user.before_create")).await, 204);
    assert_eq!(deliver_within_a_trace(&relay, &event("user.created")).await, 200);
    relay.process.wait_for_line("the app took an event");
    let (spans, _) = exported(relay, &collector).await;

    let asked = app.received_requests().await.unwrap();
    assert_eq!(asked.len(), 2);
    for (request, parent) in asked.iter().zip(["webhook", "outbox"]) {
        let context = request.headers["traceparent"].to_str().unwrap();
        let parts: Vec<_> = context.split('-').collect();
        let app = spans.iter().find(|span| span.name == "app" && hex::encode(&span.span_id) == parts[2]);
        let app = app.unwrap_or_else(|| panic!("{context} names no span of ours"));
        assert_eq!(hex::encode(&app.trace_id), parts[1]);
        assert_eq!((parts[1] == TRACE, parts[3]), (parent == "webhook", "01"));
        let above = spans.iter().find(|span| span.span_id == app.parent_span_id).unwrap();
        assert_eq!(above.name, parent);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_down_costs_a_line_a_minute_and_no_delivery() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (endpoint, words) in [
        (format!("http://{gone}"), "it refuses the connection"),
        (answering(ResponseTemplate::new(401)).await.uri(), "it answered 401"),
    ] {
        let vars = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=s3cret"),
            // As often as it can be.
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1"),
        ];
        let relay = relay(&twilio().await, &vars).await;
        for _ in 0..3 {
            assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200);
        }
        relay.process.wait_for_line("does not take traces");
        relay.process.signal("TERM");
        let (status, log) = relay.process.ended();
        assert_eq!(status.code(), Some(0), "{log}");
        let lines: Vec<_> = log.lines().filter(|line| line.contains("does not take traces")).collect();
        assert_eq!(lines.len(), 1, "{log}");
        assert!(lines[0].contains(words), "{}", lines[0]);
        assert!(!log.contains("s3cret") && !log.contains(&endpoint), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_endpoint_nothing_is_traced_and_no_context_passed_on() {
    let app = answering(ResponseTemplate::new(204)).await;
    let target = app.uri();
    let relay = relay(&twilio().await, &[("FORWARD_URL", target.as_str()), ("RUST_LOG", "trace")]).await;
    assert_eq!(deliver_within_a_trace(&relay, &event("user.before_create")).await, 204);
    assert_eq!(deliver_within_a_trace(&relay, &otp(|_| {})).await, 200);
    relay.process.signal("TERM");
    let (_, log) = relay.process.ended();
    for request in app.received_requests().await.unwrap() {
        assert!(!request.headers.contains_key("traceparent"));
    }
    // The spans of a trace are no part of a log line.
    assert!(!log.contains("otel.kind") && !log.contains("webhook{"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_hangs_keeps_no_server_from_its_end() {
    // Takes the connection, and never a byte of it.
    let collector = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    let vars = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "60000"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1"),
    ];
    let relay = relay(&twilio().await, &vars).await;
    assert_eq!(relay.deliver(&otp(|_| {})).await.status, 200);
    let _asked = collector.accept().unwrap();
    relay.process.signal("TERM");
    let (status, log) = relay.process.ended();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("stopped") && !log.contains("panicked"), "{log}");
}
