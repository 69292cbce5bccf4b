//! Several instances on one database, and reports that reach whichever of them.

use crate::harness::{Signer, otp, serve_keys};
use crate::plugged::Plugged;
use crate::postgres_server::PostgresServer;
use crate::process::RelayProcess;
use crate::second_vendor::{Vendors, otp_to};
use crate::twilio::{Twilio, sign};
use futures_util::StreamExt;
use neon_sms_relay::app::Parts;
use neon_sms_relay::domain::{Clock, SystemClock};
use neon_sms_relay::store::open;
use serde_json::json;
use sms_providers::client::{http_client, tls_config};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const TEXTS: usize = 45;

fn postgres() -> Option<PostgresServer> {
    std::env::var_os("TEST_SKIP_POSTGRES").is_none().then(PostgresServer::start)
}

fn number(n: usize) -> String {
    format!("+1555{n:07}")
}

#[tokio::test(flavor = "multi_thread")]
async fn of_three_instances_each_makes_its_own_failed_texts_good_wherever_they_are_reported() {
    let Some(server) = postgres() else { return };
    let vendors = Vendors::new().await;
    let mut relays = Vec::new();
    for _ in 0..3 {
        let store = open(&server.url(), tls_config().unwrap()).unwrap();
        relays.push(vendors.relay(&[], Parts { store: Some(store), ..Parts::default() }).await);
    }
    for n in 0..TEXTS {
        assert_eq!(relays[n % 3].deliver(&otp_to(&number(n))).await.status, 200);
    }
    // Each failure is reported twice, to one instance and to another.
    let reports = (0..TEXTS).flat_map(|n| [(n, n * 7 % 3), (n, (n * 7 + 1) % 3)]);
    let reports = reports.map(|(n, to)| vendors.reports(&relays[to], n, "failed", Some("30003")));
    futures_util::future::join_all(reports).await;
    let all = tokio::time::timeout(Duration::from_secs(60), vendors.second.wait_for_sends(TEXTS)).await;
    assert!(all.is_ok(), "forgotten: only {} of {TEXTS} were sent again", vendors.second.sent().len());
    // Whatever comes after them would come after a doubled one, too.
    assert_eq!(relays[0].deliver(&otp_to(&number(TEXTS))).await.status, 200);
    vendors.reports(&relays[1], TEXTS, "failed", Some("30003")).await;
    vendors.second.wait_for_sends(TEXTS + 1).await;
    let mut sent: BTreeMap<String, usize> = BTreeMap::new();
    for text in vendors.second.sent() {
        *sent.entry(text.to.as_e164().to_owned()).or_default() += 1;
    }
    assert!(sent.values().all(|texts| *texts == 1), "doubled: {sent:?}");
    assert_eq!(sent.len(), TEXTS + 1);
}

/// Vonage's SMS API, which takes every text.
async fn vonage() -> MockServer {
    let vonage = MockServer::start().await;
    let taken = json!({"message-count": "1", "messages": [{"status": "0", "message-id": "0A01"}]});
    let reply = ResponseTemplate::new(200).set_body_json(taken);
    Mock::given(method("POST")).and(path("/sms/json")).respond_with(reply).mount(&vonage).await;
    vonage
}

fn start(neon: &MockServer, twilio: &Twilio, vonage: &MockServer, store: &str) -> RelayProcess {
    let mut vars = twilio.vars();
    vars.retain(|(name, _)| *name != "SMS_PROVIDER");
    vars.extend([
        ("SMS_PROVIDER", "twilio,vonage".to_owned()),
        ("VONAGE_API_KEY", "abcd1234".to_owned()),
        ("VONAGE_API_SECRET", "api-secret".to_owned()),
        ("VONAGE_FROM", "Acme".to_owned()),
        ("VONAGE_BASE_URL", vonage.uri()),
        ("STORE_URL", store.to_owned()),
    ]);
    let vars: Vec<_> = vars.iter().map(|(name, value)| (*name, value.as_str())).collect();
    RelayProcess::start(neon, &vars)
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_that_are_killed_send_no_text_more_than_is_allowed() {
    let Some(server) = postgres() else { return };
    let (neon, signer) = (MockServer::start().await, Signer::new());
    serve_keys(&neon, ResponseTemplate::new(200).set_body_json(signer.jwks())).await;
    let (twilio, vonage, http) = (Twilio::that_accepts().await, vonage().await, http_client().unwrap());
    let mut relays: Vec<_> = (0..3).map(|_| start(&neon, &twilio, &vonage, &server.url())).collect();
    for n in 0..30 {
        let body = otp(|body| body["user"]["phone_number"] = json!(number(n))).to_string();
        let request = http.post(format!("{}/webhooks/neon-auth", relays[n % 3].url));
        let request = signer.add_headers(request, SystemClock.now(), body.as_bytes()).body(body);
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
    relays[0].signal("KILL");
    relays[0] = tokio::task::block_in_place(|| start(&neon, &twilio, &vonage, &server.url()));
    let reported = twilio.texts().await;
    let reports = reported.iter().enumerate().map(|(n, text)| {
        let path = text["StatusCallback"].strip_prefix(crate::twilio::PUBLIC).unwrap().to_owned();
        let url = &relays[n % 3].url;
        let fields = [("MessageStatus", "failed"), ("ErrorCode", "30003")];
        let signature = sign(&path, &fields);
        let twilio = &twilio;
        async move { twilio.reports_signed(url, &path, &fields, &signature).await }
    });
    let answers = futures_util::future::join_all(reports).await;
    assert!(answers.iter().all(|status| *status == 204), "{answers:?}");
    // What the one that was killed had sent is lost; the other twenty are made good, once each.
    let again = async {
        while vonage.received_requests().await.unwrap().len() < 20 {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(60), again).await.is_ok(), "some were forgotten");
    relays.iter().for_each(|relay| relay.signal("TERM"));
    for relay in relays {
        let (status, _) = tokio::task::block_in_place(|| relay.ended());
        assert!(status.success());
    }
    let mut sent: BTreeMap<String, usize> = BTreeMap::new();
    for request in vonage.received_requests().await.unwrap() {
        let to = url::form_urlencoded::parse(&request.body).find(|(name, _)| name == "to").unwrap().1;
        *sent.entry(to.into_owned()).or_default() += 1;
    }
    assert_eq!((sent.len(), sent.values().all(|texts| *texts == 1)), (20, true), "{sent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_reports_at_once_keep_no_code_waiting_for_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/relay.db", folder.path().display());
    let vendors = Vendors::new().await;
    let relay = &vendors.relay(&[("STORE_URL", &url), ("STORE_FAILURE", "refuse")], Parts::default()).await;
    assert_eq!(relay.deliver(&otp_to(&number(0))).await.status, 200);
    let flood = futures_util::stream::iter(0..10_000)
        .for_each_concurrent(500, |_| vendors.reports(relay, 0, "sent", None));
    let codes = async {
        for n in 1..=50 {
            assert_eq!(
                relay.deliver(&otp_to(&number(n))).await.status,
                200,
                "a code met a store that is full"
            );
        }
    };
    tokio::join!(flood, codes);
}

/// A store that hangs has few connections, and each report that waits would hold one of them.
#[tokio::test(flavor = "multi_thread")]
async fn however_many_reports_come_few_are_at_the_store_at_once() {
    let (vendors, store) = (Vendors::new().await, Arc::new(Plugged::default()));
    let parts = Parts { store: Some(store.clone()), ..Parts::default() };
    let relay = &vendors.relay(&[], parts).await;
    assert_eq!(relay.deliver(&otp_to(&number(0))).await.status, 200);
    store.jam_reports(true);
    let reports = futures_util::future::join_all((0..50).map(|_| vendors.reports(relay, 0, "sent", None)));
    let codes = async {
        for n in 1..=5 {
            assert_eq!(relay.deliver(&otp_to(&number(n))).await.status, 200, "a code waits for reports");
        }
        // Those that wait for their turn have given up before, or come now.
        store.jam_reports(false);
    };
    tokio::join!(reports, codes);
    assert!((1..=4).contains(&store.most_reports()), "{} at once", store.most_reports());
}
