//! Whatever ends a `dev --tunnel`, the branch is given back, and what somebody else has set is not overwritten.

use crate::neon_branch::{NeonBranch, production};
use crate::tunnel_world::{TUNNEL, TunnelWorld};
use serde_json::{Value, json};
use std::time::Duration;
use wiremock::ResponseTemplate;

const DEV: [&str; 3] = ["dev", "--tunnel", "cloudflared"];

/// A world in which a `dev --tunnel` was killed, and its tunnel with it.
async fn after_a_crash() -> TunnelWorld {
    let world = TunnelWorld::start(NeonBranch::of_production().await).await;
    let dev = world.dev();
    dev.signal("KILL");
    dev.ended();
    world.kill_tunnel();
    assert_ne!(world.branch.webhook(), production());
    assert_eq!(world.kept().len(), 1);
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_is_repaired_by_restore() {
    let world = after_a_crash().await;
    let (code, said) = world.run(&["neon", "webhook", "restore"], &[]);
    assert_eq!((code, world.branch.webhook()), (Some(0), production()), "{said}");
    assert!(said.contains("The webhook is restored") && world.kept().is_empty(), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_is_repaired_by_the_next_run_which_restores_what_was_there_before_both() {
    let world = after_a_crash().await;
    let dev = world.dev();
    dev.wait_for_line("An earlier `dev --tunnel` did not come to its end");
    dev.signal("TERM");
    let (status, output) = dev.ended();
    assert_eq!((status.code(), world.branch.webhook()), (Some(0), production()), "{output}");
    assert!(world.kept().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_is_repaired_also_where_the_next_run_comes_to_nothing() {
    let world = after_a_crash().await;
    world.uninstall("cloudflared");
    let (code, said) = world.run(&DEV, &[]);
    assert_eq!((code, world.branch.webhook()), (Some(1), production()), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_that_dies_is_said_and_the_branch_restored() {
    let world = TunnelWorld::start(NeonBranch::of_production().await).await;
    let dev = world.dev();
    world.kill_tunnel();
    let (status, output) = dev.ended();
    assert_eq!((status.code(), world.branch.webhook()), (Some(1), production()), "{output}");
    assert!(output.contains("the tunnel is gone: cloudflared has ended (signal: 9 (SIGKILL))"), "{output}");
    assert!(world.kept().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_without_a_webhook_is_disabled_again() {
    let world = TunnelWorld::start(NeonBranch::with(json!({"enabled": false})).await).await;
    let dev = world.dev();
    let events = &world.branch.webhook()["enabled_events"];
    assert_eq!(events, &json!(["send.otp", "phone_number.verified"]));
    dev.signal("INT");
    assert_eq!((dev.ended().0.code(), world.branch.webhook()), (Some(0), json!({"enabled": false})));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_somebody_else_sets_meanwhile_is_theirs() {
    let world = TunnelWorld::start(NeonBranch::of_production().await).await;
    let theirs = json!({"enabled": true, "webhook_url": "https://theirs.example.com/webhooks/neon-auth"});
    let dev = world.dev();
    world.branch.somebody_sets(theirs.clone());
    dev.signal("TERM");
    let (_, output) = dev.ended();
    assert_eq!((world.branch.webhook(), world.branch.writes().len()), (theirs.clone(), 1));
    assert!(
        output.contains("Somebody else has set the webhook meanwhile")
            && output.contains("https://sms.example.com/"),
        "{output}"
    );

    let world = after_a_crash().await;
    world.branch.somebody_sets(theirs.clone());
    let (code, said) = world.run(&["neon", "webhook", "restore"], &[]);
    assert_eq!((code, world.branch.webhook()), (Some(0), theirs), "{said}");
    assert!(world.kept().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_somebody_else_changes_meanwhile_stays_and_the_address_is_restored() {
    let world = TunnelWorld::start(NeonBranch::of_production().await).await;
    let dev = world.dev();
    let mut theirs = world.branch.webhook();
    theirs["timeout_seconds"] = json!(3);
    world.branch.somebody_sets(theirs);
    dev.signal("TERM");
    assert_eq!(dev.ended().0.code(), Some(0));
    let mut expected = production();
    expected["timeout_seconds"] = json!(3);
    assert_eq!(world.branch.webhook(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_is_changed_while_the_tunnel_comes_up_is_left_alone() {
    let world = TunnelWorld::start(NeonBranch::of_production().await).await;
    let theirs = json!({"enabled": true, "webhook_url": "https://theirs.example.com/webhooks/neon-auth"});
    world.branch.somebody_sets_after(1, theirs.clone());
    let (code, said) = world.run(&DEV, &[]);
    assert_eq!((code, world.branch.webhook(), world.branch.writes()), (Some(1), theirs, Vec::<Value>::new()));
    assert!(said.contains("somebody else has changed the branch") && world.kept().is_empty(), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_a_tunnel_that_has_ended_is_never_restored() {
    let left_over = json!({
        "enabled": true, "webhook_url": "https://long-gone.ngrok.io/webhooks/neon-auth", "enabled_events": ["send.otp"],
    });
    let world = TunnelWorld::start(NeonBranch::with(left_over).await).await;
    let dev = world.dev();
    dev.signal("INT");
    let (status, output) = dev.ended();
    assert_eq!((status.code(), world.branch.webhook()), (Some(0), json!({"enabled": false})), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_of_somebody_else_that_works_is_not_taken_over() {
    let world = TunnelWorld::start(NeonBranch::of_production().await).await;
    let first = world.dev();
    // Another machine, which has kept nothing.
    let elsewhere = tempfile::tempdir().unwrap();
    let (code, said) = world.run(&DEV, &[("XDG_STATE_HOME", elsewhere.path().to_str().unwrap())]);
    assert_eq!(code, Some(1));
    assert!(said.contains(&format!("another tunnel, {TUNNEL}, that somebody uses right now")), "{said}");
    // This machine.
    for command in [&DEV[..], &["neon", "webhook", "restore"]] {
        let (code, said) = world.run(command, &[]);
        assert_eq!(code, Some(1));
        assert!(said.contains("another `dev --tunnel` runs for this branch"), "{said}");
    }
    first.signal("TERM");
    assert_eq!((first.ended().0.code(), world.branch.webhook()), (Some(0), production()));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_can_be_kept_nothing_is_changed() {
    let world = TunnelWorld::start(NeonBranch::of_production().await).await;
    let (code, said) = world.run(&DEV, &[("XDG_STATE_HOME", ""), ("HOME", "")]);
    assert_eq!((code, world.branch.requests().await), (Some(1), 0));
    assert!(said.contains("set HOME or XDG_STATE_HOME"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_restored_now_is_kept_for_later() {
    let world = TunnelWorld::start(NeonBranch::of_production().await).await;
    let dev = world.dev();
    world.branch.answers(ResponseTemplate::new(403));
    dev.signal("TERM");
    let (status, output) = dev.ended();
    assert_eq!((status.code(), world.kept().len()), (Some(1), 1), "{output}");
    assert!(output.contains("run `neon-sms-relay neon webhook restore`"), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_wait_for_neon_is_told_how_to_restore_later() {
    let world = TunnelWorld::start(NeonBranch::of_production().await).await;
    let dev = world.dev();
    let before = world.branch.requests().await;
    world.branch.answers(ResponseTemplate::new(200).set_delay(Duration::from_secs(60)));
    dev.signal("INT");
    while world.branch.requests().await == before {
        tokio::task::yield_now().await;
    }
    dev.signal("INT");
    let (status, output) = dev.ended();
    assert_eq!((status.code(), world.kept().len()), (Some(1), 1), "{output}");
    let words = "stopped before the webhook was restored; run `neon-sms-relay neon webhook restore`";
    assert!(output.contains(words) && !world.tunnel_runs(), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passing_trouble_of_neons_is_outlived() {
    let world = TunnelWorld::start(NeonBranch::of_production().await).await;
    let dev = world.dev();
    world.branch.fails("GET", &[503]);
    world.branch.fails("PUT", &[423]);
    dev.signal("TERM");
    let (status, output) = dev.ended();
    assert_eq!((status.code(), world.branch.webhook()), (Some(0), production()), "{output}");
}
