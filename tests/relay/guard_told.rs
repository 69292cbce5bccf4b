//! What an operator sees of the guard: series, lines of the log, `guard status`.

use crate::guard::{Scene, TOO_MANY, code_for, refused, sent};
use crate::harness::{NUMBER, TestRelay};
use crate::plugged::relay_on_a_plugged_store;
use crate::postgres_server::PostgresServer;
use crate::process::{ReadyRelay, run};
use serde_json::{Value, json};
use std::time::Instant;

fn free_port() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}

async fn series(relay: &TestRelay) -> String {
    relay.http.get(relay.metrics_url.as_deref().unwrap()).send().await.unwrap().text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_are_counted_by_outcome_rule_and_country() {
    let scene = Scene::new(&[("METRICS_PORT", &free_port())]).await;
    scene.asks(NUMBER).await;
    scene.asks(NUMBER).await;
    for line in [
        r#"neon_sms_relay_guard_decisions_total{outcome="allowed",rule="none",region="US"} 1"#,
        r#"neon_sms_relay_guard_decisions_total{outcome="refused",rule="number_pause",region="US"} 1"#,
    ] {
        let text = series(&scene.relay).await;
        assert!(text.contains(line), "{line} in:\n{text}");
    }
    // Told once a second.
    while !series(&scene.relay)
        .await
        .contains(r#"neon_sms_relay_budget_fill_ratio{region="US",window="hour"}"#)
    {}
}

#[tokio::test(flavor = "multi_thread")]
async fn the_day_s_limits_and_its_spend_are_seen_while_there_is_something_left() {
    let vars = [
        ("METRICS_PORT", &*free_port()),
        ("SMS_DAILY_LIMIT", "5"),
        ("SMS_PRICE", "0.05 USD"),
        ("SMS_DAILY_SPEND", "0.40 USD"),
    ];
    let scene = Scene::new(&vars).await;
    for last in 0..4 {
        assert_eq!(scene.asks(&format!("+1415555010{last}")).await, sent());
    }
    for line in [
        r#"neon_sms_relay_budget_fill_ratio{region="all",window="daily_limit"} 0.8"#,
        r#"neon_sms_relay_budget_fill_ratio{region="all",window="daily_spend"} 0.5"#,
        r#"neon_sms_relay_spend_today{currency="USD"} 0.2"#,
    ] {
        while !series(&scene.relay).await.contains(line) {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_a_day_is_told_of_at_four_fifths_and_at_its_end() {
    let relay = ReadyRelay::start(&log_vars(&[("SMS_DAILY_LIMIT", "5")])).await;
    let ask = async |last: usize| relay.deliver(&code_for(&format!("+1415555010{last}"))).await;
    for last in 0..4 {
        assert_eq!(ask(last).await.status, 200);
    }
    relay.process.wait_for_line("four fifths of SMS_DAILY_LIMIT are used up");
    assert_eq!(ask(4).await.status, 200);
    relay.process.wait_for_line("SMS_DAILY_LIMIT is used up");
    assert_eq!(ask(5).await.error(), (422, "spend_limit".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_summed_up_in_a_line_a_second_and_rule() {
    let started = Instant::now();
    let relay = ReadyRelay::start(&log_vars(&[("SMS_COUNTRIES", "US")])).await;
    for _ in 0..30 {
        relay.deliver(&code_for(NUMBER)).await;
        relay.deliver(&code_for("+4915112345678")).await;
    }
    relay.process.signal("TERM");
    let (_, log) = relay.process.ended();
    let seconds = usize::try_from(started.elapsed().as_secs()).unwrap();
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for (rule, reason, expected) in
        [("number_pause", "too_many_codes", 29), ("country_list", "country_not_allowed", 30)]
    {
        let lines = lines.iter().filter(|line| line["rule"] == rule);
        let counts: Vec<_> = lines
            .map(|line| {
                assert_eq!((line["level"].as_str(), line["reason"].as_str()), (Some("WARN"), Some(reason)));
                line["count"].as_u64().unwrap()
            })
            .collect();
        assert_eq!(counts.iter().sum::<u64>(), expected, "{log}");
        assert!(counts.len() <= seconds + 2, "{counts:?} in {seconds} s");
    }
}

fn log_vars<'a>(more: &[(&'static str, &'a str)]) -> Vec<(&'static str, &'a str)> {
    let own =
        [("GUARD", "enforce"), ("SMS_PROVIDER", "log"), ("ALLOW_LOG_PROVIDER", "1"), ("LOG_FORMAT", "json")];
    own.into_iter().chain(more.iter().copied()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_store_is_down_a_number_s_limits_hold_by_what_the_process_remembers() {
    let vars = [("GUARD", "enforce"), ("METRICS_PORT", &*free_port())];
    let (relay, store) = relay_on_a_plugged_store(&vars).await;
    let [before, meanwhile] = [NUMBER, "+14155550123"];
    assert_eq!(relay.deliver(&code_for(before)).await.status, 200);
    store.pull(true);
    assert_eq!(relay.deliver(&code_for(before)).await.error(), refused(TOO_MANY));
    assert_eq!(relay.deliver(&code_for(meanwhile)).await.status, 200);
    assert_eq!(relay.deliver(&code_for(meanwhile)).await.error(), refused(TOO_MANY));
    let series = series(&relay).await;
    assert!(series.contains("neon_sms_relay_guard_decisions_alone_total 3"), "{series}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_refuse_nobody_is_texted_by_limits_that_are_not_shared() {
    let (relay, store) = relay_on_a_plugged_store(&[("GUARD", "enforce"), ("STORE_FAILURE", "refuse")]).await;
    store.pull(true);
    assert_eq!(relay.deliver(&code_for(NUMBER)).await.error(), (503, "store_unavailable".to_owned()));
    assert!(relay.stub.sent().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn that_limits_are_not_shared_is_said_in_one_line() {
    if std::env::var_os("TEST_SKIP_POSTGRES").is_some() {
        return;
    }
    let mut database = PostgresServer::start();
    let relay = ReadyRelay::start(&log_vars(&[("STORE_URL", &database.url())])).await;
    database.stop();
    for last in 0..3 {
        assert_eq!(relay.deliver(&code_for(&format!("+1415555010{last}"))).await.status, 200);
    }
    relay.process.wait_for_line("limits go by what this process remembers");
    relay.process.signal("TERM");
    let (_, log) = relay.process.ended();
    assert_eq!(log.matches("limits go by what this process remembers").count(), 1, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_read_what_is_closed_and_how_full_each_budget_is() {
    let folder = tempfile::tempdir().unwrap();
    let store_url = format!("sqlite://{}/relay.db", folder.path().display());
    let relay = crate::guard::relay_over(&store_url, &[]).await;
    for number in [NUMBER, "+4915112345678"] {
        assert_eq!(relay.deliver(&code_for(number)).await.status, 200);
    }
    relay.stopped().await;
    let vars = [
        ("STORE_URL", &*store_url),
        ("USER", "ann"),
        ("GUARD", "enforce"),
        ("SMS_DAILY_LIMIT", "4"),
        ("SMS_PRICE", "0.05 USD"),
    ];
    assert!(run(folder.path(), &["guard", "block", "+2250700"], &vars).status.success());
    let output = run(folder.path(), &["guard", "status", "--json"], &vars);
    let status: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((status["mode"].as_str(), status["texts_today"].as_u64()), (Some("enforce"), Some(2)));
    assert_eq!(status["daily_limit"]["ratio"], 0.5);
    let german =
        status["budgets"].as_array().unwrap().iter().find(|budget| budget["region"] == "DE").unwrap();
    assert_eq!((german["numbers"].as_str(), german["hour"]["used"].as_f64()), (Some("all"), Some(1.0)));
    let closed = &status["closed"][0];
    assert_eq!(
        (closed["prefix"].as_str(), closed["rule"].as_str(), closed["by"].as_str()),
        (Some("+2250700"), Some("blocked"), Some("ann"))
    );
    assert!(closed["since"].is_string() && closed["until"].is_null(), "{closed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_among_the_events_with_its_rules() {
    let folder = tempfile::tempdir().unwrap();
    let store_url = format!("sqlite://{}/relay.db", folder.path().display());
    let relay = crate::guard::relay_over(&store_url, &[]).await;
    assert_eq!(relay.deliver(&code_for(NUMBER)).await.status, 200);
    let again = code_for(NUMBER);
    assert_eq!(relay.deliver(&again).await.error(), refused(TOO_MANY));
    let output = run(folder.path(), &["events", "--refused", "--json"], &[("STORE_URL", &store_url)]);
    let event: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(event["event_id"], again["event_id"]);
    assert_eq!(event["decision"], json!({"outcome": "refused", "rules": ["number_pause"]}));
    assert_eq!(event["reply"], json!({"status": 422, "error": "too_many_codes"}));
}
