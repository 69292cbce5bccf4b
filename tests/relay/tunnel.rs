//! `neon-sms-relay dev --tunnel …`: the real branch calls this machine for as long as the command runs, and whatever
//! is in the way is said before anything was changed.

use crate::harness::{CODE, NUMBER, otp};
use crate::neon_branch::{NeonBranch, production};
use crate::tunnel_world::{TUNNEL, TunnelWorld};
use crate::twilio::Twilio;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;

const DEV: [&str; 3] = ["dev", "--tunnel", "cloudflared"];

#[tokio::test(flavor = "multi_thread")]
async fn the_branch_calls_this_machine_until_it_is_stopped_and_then_whom_it_called_before() {
    for signal in ["INT", "TERM", "HUP"] {
        let world = TunnelWorld::start(NeonBranch::of_production().await).await;
        let dev = world.dev();
        let registered = json!({
            "enabled": true, "webhook_url": format!("{TUNNEL}/webhooks/neon-auth"), "timeout_seconds": 7,
            "enabled_events": ["user.created", "send.otp", "phone_number.verified"],
        });
        assert_eq!(world.branch.webhook(), registered);
        // What it will be again is on the disk, for nobody else to read, and on the terminal.
        let kept = world.kept();
        assert_eq!(fs::metadata(&kept[0]).unwrap().permissions().mode() & 0o777, 0o600);
        dev.wait_for_line("https://sms.example.com/webhooks/neon-auth");

        assert_eq!(world.neon_delivers(&otp(|_| {})).await.status, 200);
        dev.wait_for_line(&format!("SMS to {NUMBER}: {CODE}"));

        dev.signal(signal);
        let (status, output) = dev.ended();
        assert_eq!((status.code(), world.branch.webhook()), (Some(0), production()), "SIG{signal}: {output}");
        assert!(output.contains("The webhook is restored"), "{output}");
        assert!(world.kept().is_empty() && !world.tunnel_runs(), "SIG{signal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ngrok_serves_as_well() {
    let world = TunnelWorld::start(NeonBranch::of_production().await).await;
    let line = r#"{"addr":"http://127.0.0.1:1","lvl":"info","msg":"started tunnel","url":"https://ab12.ngrok-free.app"}"#;
    world.install("ngrok", &format!("echo '{line}'\nexec sleep 600"));
    let dev = world.dev_with(&["--tunnel", "ngrok"], &[]);
    assert!(world.arguments().unwrap().starts_with("http 127.0.0.1:"));
    assert_eq!(world.branch.webhook()["webhook_url"], "https://ab12.ngrok-free.app/webhooks/neon-auth");
    assert_eq!(world.neon_delivers(&otp(|_| {})).await.status, 200);
    dev.signal("TERM");
    assert_eq!((dev.ended().0.code(), world.branch.webhook()), (Some(0), production()));
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_go_to_the_page_and_the_program_learns_no_secret() {
    let world = TunnelWorld::start(NeonBranch::of_production().await).await;
    let dev = world.dev_with(&["--tunnel", "cloudflared"], &[("TWILIO_AUTH_TOKEN", "s3cret")]);
    let line = dev.wait_for_line("no phone gets one");
    let page =
        line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().trim_end_matches(';');
    assert_eq!(world.neon_delivers(&otp(|_| {})).await.status, 200);
    let http = sms_providers::client::http_client().unwrap();
    let messages: Value = http.get(format!("{page}dev/messages")).send().await.unwrap().json().await.unwrap();
    assert!(messages.to_string().contains(CODE), "{messages}");
    let environment = world.environment();
    assert!(environment.contains("HTTPS_PROXY=") && !environment.contains("s3cret"), "{environment}");
    dev.signal("INT");
    assert_eq!(dev.ended().0.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn real_texts_are_sent_where_they_are_asked_for_and_reported_through_the_tunnel() {
    let world = TunnelWorld::start(NeonBranch::of_production().await).await;
    let twilio = Twilio::that_accepts().await;
    let vars = twilio.vars();
    let vars: Vec<_> = vars.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let dev = world.dev_with(&["--tunnel", "cloudflared", "--real-sms"], &vars);
    dev.wait_for_line("to real phones");
    assert_eq!(world.neon_delivers(&otp(|_| {})).await.status, 200);
    let callback = twilio.texts().await[0]["StatusCallback"].clone();
    assert!(callback.starts_with(&format!("{TUNNEL}/callbacks/twilio/")), "{callback}");
    dev.signal("TERM");
    assert_eq!((dev.ended().0.code(), world.branch.webhook()), (Some(0), production()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_makes_no_tunnel_is_told_by_name_and_nothing_is_changed() {
    let says =
        |url: &str| format!("echo 'INF {url}' >&2\necho 'Registered tunnel connection' >&2\nexec sleep 600");
    let elsewhere = says("https://github.com/cloudflare/cloudflared");
    let unknown = says("https://brave-new-world.trycloudflare.com") + "\n";
    for (script, words) in [
        (None, "cloudflared is not installed, or not in PATH; get it from https://"),
        (
            Some("echo '2026-11-25T17:00:00Z ERR no quick tunnels today' >&2; exit 3"),
            "its last words: ERR no quick tunnels today",
        ),
        (Some("exec sleep 600"), "has not said the tunnel's address within 1 s"),
        (Some(elsewhere.as_str()), "has not said the tunnel's address within 1 s"),
        (Some(unknown.as_str()), "this relay cannot be reached there"),
    ] {
        let world = TunnelWorld::start(NeonBranch::of_production().await).await;
        match script {
            Some(script) => world.install("cloudflared", script),
            None => world.uninstall("cloudflared"),
        }
        let nowhere = if words.contains("reached there") { "http://127.0.0.1:1" } else { "" };
        let (code, said) =
            world.run(&[&DEV[..], &["--tunnel-timeout", "1"]].concat(), &[("HTTPS_PROXY", nowhere)]);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(words) && said.contains("nothing was changed at Neon"), "{words} in: {said}");
        assert!(world.branch.writes().is_empty() && world.kept().is_empty());
        assert!(script.is_none() || !world.tunnel_runs(), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_leads_to_another_relay_is_not_registered() {
    let world = TunnelWorld::start(NeonBranch::of_production().await).await;
    let other = crate::harness::TestRelay::start().await;
    // The far end leads to the port of the last address in the arguments.
    let port = other.url.rsplit_once(':').unwrap().1;
    let folder = world.folder().display().to_string();
    let script = format!("echo 127.0.0.1:{port} > {folder}/arguments\n{}", crate::tunnel_world::CLOUDFLARED);
    world.install("cloudflared", &script);
    let (code, said) = world.run(&DEV, &[]);
    assert_eq!(code, Some(1));
    assert!(said.contains("it leads to something else than this relay"), "{said}");
    assert!(world.branch.writes().is_empty() && !world.tunnel_runs());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_cannot_be_read_stays_as_it_is_and_no_tunnel_is_started() {
    for (status, words) in
        [(401, "refuses NEON_API_KEY"), (404, "no such NEON_PROJECT_ID"), (503, "status 503")]
    {
        let world = TunnelWorld::start(NeonBranch::of_production().await).await;
        world.branch.fails("GET", &[status]);
        let (code, said) = world.run(&DEV, &[]);
        assert_eq!(code, Some(1));
        assert!(said.contains(words) && said.contains("nothing was changed"), "{words} in: {said}");
        assert!(world.branch.writes().is_empty() && world.arguments().is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_that_neon_refuses_leaves_nothing_behind() {
    let world = TunnelWorld::start(NeonBranch::of_production().await).await;
    world.branch.fails("PUT", &[403]);
    let (code, said) = world.run(&DEV, &[]);
    assert_eq!((code, world.branch.webhook()), (Some(1), production()));
    assert!(said.contains("nothing has changed: Neon's API refuses NEON_API_KEY for this project"), "{said}");
    assert!(world.kept().is_empty() && !world.tunnel_runs());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named_before_anything_is_started() {
    let world = TunnelWorld::start(NeonBranch::of_production().await).await;
    for (variable, words) in
        [("NEON_API_KEY", "NEON_API_KEY is missing"), ("NEON_AUTH_URL", "NEON_AUTH_URL is missing")]
    {
        let (code, said) = world.run(&DEV, &[(variable, "")]);
        assert_eq!(code, Some(2));
        assert!(said.contains(words), "{words} in: {said}");
    }
    let (code, said) = world.run(&[&DEV[..], &["--real-sms"]].concat(), &[]);
    assert_eq!(code, Some(2));
    assert!(said.contains("SMS_PROVIDER is missing"), "{said}");
    assert_eq!(world.run(&["dev", "--real-sms"], &[]).0, Some(2), "only with a tunnel");
    assert_eq!(world.run(&["dev", "--tunnel", "wireguard"], &[]).0, Some(2));
    assert!(world.arguments().is_none() && world.branch.requests().await == 0);
}
