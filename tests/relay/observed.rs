//! What watches the relay asks for what the relay tells: alerts and dashboard, by Prometheus' own `promtool`.

use crate::day_of_events::scrape;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const ALERTS: &str = "deploy/alerts.yaml";
const DASHBOARD: &str = "deploy/grafana.json";
const TESTS: [&str; 2] = ["tests/alerts/fast.yaml", "tests/alerts/slow.yaml"];
/// What Prometheus adds to each series.
const ADDED: [&str; 2] = ["job", "instance"];

fn path(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(file: &str) -> String {
    fs::read_to_string(path(file)).unwrap()
}

fn is_skipped() -> bool {
    std::env::var_os("TEST_SKIP_PROMTOOL").is_some()
}

fn promtool(arguments: &[&str]) {
    let run = Command::new("promtool").args(arguments).output().expect(
        "promtool is not on the PATH; install it (Debian: apt-get install prometheus), or set TEST_SKIP_PROMTOOL=1 to \
         leave its tests out",
    );
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "promtool {arguments:?}\n{out}{err}");
}

/// One alert, by what its lines say.
#[derive(Default, Debug)]
struct Alert {
    name: String,
    fields: BTreeMap<String, String>,
}

fn alerts() -> Vec<Alert> {
    let mut alerts = Vec::<Alert>::new();
    for line in read(ALERTS).lines() {
        if let Some(name) = line.strip_prefix("      - alert: ") {
            alerts.push(Alert { name: name.to_owned(), ..Alert::default() });
        } else if let (Some(alert), Some((key, value))) = (alerts.last_mut(), line.trim().split_once(": ")) {
            alert.fields.entry(key.to_owned()).or_insert_with(|| value.to_owned());
        }
    }
    alerts
}

#[test]
fn each_alert_says_how_urgent_it_is_and_what_to_do() {
    let runbook = read("docs/operation.md");
    let alerts = alerts();
    assert!(alerts.len() > 15, "{alerts:?}");
    for Alert { name, fields } in alerts {
        assert!(["page", "ticket"].contains(&fields["severity"].as_str()), "{name}");
        assert!(fields["summary"].len() > 10 && fields.contains_key("description"), "{name}");
        let anchor = fields["runbook"].strip_prefix("docs/operation.md#").unwrap();
        let heading = |line: &str| {
            let title = line.trim_start_matches('#');
            let words = title.trim().to_lowercase().replace(' ', "-").replace(['\'', ','], "");
            line.starts_with("## ") && words == anchor
        };
        assert!(runbook.lines().any(heading), "{name}: docs/operation.md has no heading for #{anchor}");
        assert!(runbook.contains(&format!("`{name}`")), "{name} is not in docs/operation.md");
    }
}

#[test]
fn each_alert_fires_when_it_should_and_not_when_it_should_not() {
    let tests = TESTS.map(read).concat();
    for Alert { name, .. } in alerts() {
        let expected: Vec<_> = tests.split(&format!("alertname=\"{name}\"")).skip(1).collect();
        let silent = |rest: &&str| rest.lines().nth(2).unwrap().ends_with("exp_samples: []");
        assert!(expected.iter().any(silent), "no test of {name} that does not fire");
        assert!(!expected.iter().all(silent), "no test of {name} that fires");
    }
    if !is_skipped() {
        promtool(&["check", "rules", path(ALERTS).to_str().unwrap()]);
        let tests = TESTS.map(|file| path(file).to_str().unwrap().to_owned());
        promtool(&["test", "rules", &tests[0], &tests[1]]);
    }
}

/// The expressions of the dashboard's panels with their legends, and of its variables.
fn queries(dashboard: &Value) -> Vec<(String, String)> {
    let mut queries = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let is_row = panel["type"] == "row";
        let title = panel["title"].as_str().unwrap();
        assert!(is_row || panel["description"].as_str().is_some_and(|text| text.len() > 20), "{title}");
        for target in panel["targets"].as_array().into_iter().flatten() {
            let text = |key: &str| target[key].as_str().unwrap().to_owned();
            queries.push((text("expr"), text("legendFormat")));
        }
    }
    for variable in dashboard["templating"]["list"].as_array().unwrap() {
        let Some(of) = variable["definition"].as_str() else { continue };
        let of = of.strip_prefix("label_values(").unwrap().trim_end_matches(')');
        let (series, label) = of.split_once(", ").unwrap();
        queries.push((format!("count by ({label}) ({series})"), format!("{{{{{label}}}}}")));
    }
    queries
}

/// What Grafana puts in the place of its own words.
fn as_prometheus_sees_it(expression: &str) -> String {
    let words = [("$__rate_interval", "5m"), ("$__range", "10m")];
    let all = ["$job", "$provider", "$region"].map(|variable| (variable, ".*"));
    words.into_iter().chain(all).fold(expression.to_owned(), |text, (word, value)| text.replace(word, value))
}

/// The series of an expression, each with what it asks of labels, and the labels that it names otherwise.
fn asked_for(expression: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let of_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == ':';
    let (mut selectors, mut labels, mut rest) = (BTreeSet::new(), BTreeSet::new(), expression);
    while let Some(start) = rest.find("neon_sms_relay") {
        rest = &rest[start..];
        let name = rest.find(|letter| !of_name(letter)).unwrap_or(rest.len());
        let braces = if rest[name..].starts_with('{') { rest[name..].find('}').unwrap() + 1 } else { 0 };
        let (selector, behind) = rest.split_at(name + braces);
        // With a colon it is the name of a rule.
        if !selector[..name].contains(':') {
            selectors.insert(selector.to_owned());
        }
        rest = behind;
    }
    for word in ["by (", "on ("] {
        for list in expression.split(word).skip(1) {
            let list = list.split(')').next().unwrap();
            labels.extend(list.split(',').map(|label| label.trim().to_owned()));
        }
    }
    (selectors, labels)
}

/// A scrape as `promtool` takes it: counts grow by what they are, and what is measured stays.
fn input(scrape: &str) -> String {
    let counts = ["_total", "_bucket", "_sum", "_count"];
    let mut input = String::new();
    for line in scrape.lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').map_or((series, "}"), |(name, labels)| (name, labels));
        let separator = if labels == "}" { "" } else { "," };
        let grows = counts.iter().any(|end| name.ends_with(end));
        let values = if grows { format!("0+{value}x15") } else { format!("{value}x15") };
        let series = format!("{name}{{job=\"neon-sms-relay\",instance=\"a\"{separator}{labels}");
        writeln!(input, "      - series: '{series}'\n        values: '{values}'").unwrap();
    }
    input
}

/// Labels that the series of these selectors have.
fn labels_of(scrape: &str, selectors: &BTreeSet<String>) -> BTreeSet<String> {
    let names: BTreeSet<_> = selectors.iter().map(|selector| selector.split('{').next().unwrap()).collect();
    let series = scrape.lines().filter(|line| names.contains(line.split(['{', ' ']).next().unwrap()));
    let labels = series.filter_map(|line| line.split_once('{')?.1.split_once('}'));
    let labels =
        labels.flat_map(|(labels, _)| labels.split(',')).map(|label| label.split('=').next().unwrap());
    labels.chain(ADDED).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_alert_and_no_panel_asks_for_what_a_relay_does_not_tell() {
    let scrape = scrape().await;
    let (rules, tests) = (read(ALERTS), TESTS.map(read).concat());
    let panels = queries(&serde_json::from_str(&read(DASHBOARD)).unwrap());
    let mut asked = BTreeSet::new();
    for (expression, legend) in &panels {
        let (selectors, mut labels) = asked_for(expression);
        let grouped = labels.clone();
        labels.extend(legend.split("{{").skip(1).map(|label| label.split('}').next().unwrap().to_owned()));
        assert!(labels.is_subset(&grouped), "{legend} shows what {expression} does not keep");
        let there = labels_of(&scrape, &selectors);
        assert!(labels.is_subset(&there), "{labels:?} in {expression}, of {there:?}");
        asked.insert(as_prometheus_sees_it(expression));
    }
    // A rule compares, and is silent while all is well: what it compares has to be there.
    for rule in rules.split("expr: |\n").skip(1) {
        let lines = rule.lines().take_while(|line| line.starts_with("          "));
        let expression = lines.collect::<Vec<_>>().join("\n");
        let (selectors, labels) = asked_for(&expression);
        let there = labels_of(&scrape, &selectors);
        assert!(selectors.is_empty() || labels.is_subset(&there), "{labels:?} in {expression}, of {there:?}");
        asked.extend(selectors);
    }
    assert!(asked.len() > 50, "{asked:?}");
    // Whatever an alert is shown in its tests, a relay says so, too; a label that it has is of the real ones.
    let (shown, _) = asked_for(&tests.replace("ALERTS{", ""));
    let mut series = BTreeSet::new();
    for name in shown.iter().map(|selector| selector.split('{').next().unwrap()) {
        series.insert(format!("{name}{{job=\"neon-sms-relay\"}}"));
    }
    asked.extend(series);
    let mut file = String::from("evaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n");
    file.push_str(&input(&scrape));
    file.push_str("    promql_expr_test:\n");
    for expression in &asked {
        let expression = format!("count({expression}) > bool 0").replace('\'', "''");
        writeln!(file, "      - expr: '{expression}'\n        eval_time: 12m").unwrap();
        file.push_str("        exp_samples: [{labels: '{}', value: 1}]\n");
    }
    if is_skipped() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("real.yaml");
    fs::write(&rules, file).unwrap();
    promtool(&["test", "rules", rules.to_str().unwrap()]);
}
