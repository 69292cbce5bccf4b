//! `neon-sms-relay doctor` about the branch's webhook: whose it is, and what of it is missing.

use crate::doctor::{WEBHOOK, World, json_reply, names};
use serde_json::{Value, json};

/// Neon's own command line cannot subscribe to it.
#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_never_tells_who_has_signed_in_is_warned_about_with_the_command_that_mends_it() {
    let world = World::start().await;
    let webhook = world.webhook(|webhook| webhook["enabled_events"] = json!(["user.created", "send.otp"]));
    world.breaks(WEBHOOK, json_reply(200, webhook)).await;
    let (code, table) = world.doctor(&[]);
    assert_eq!((code, names(&table, "warn")), (Some(0), vec!["neon events"]), "{table}");
    let command = "`neon-sms-relay neon webhook set --events user.created,send.otp,phone_number.verified`";
    assert!(table.contains("phone_number.verified is not enabled") && table.contains(command), "{table}");
}

/// A preview branch begins with its parent's webhook, so its codes go to production's relay.
#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_a_preview_branch_has_inherited_is_told_with_the_branch_that_it_is_of() {
    let inherited = |world: &World| {
        world.webhook(|webhook| webhook["webhook_url"] = json!("https://sms.example.com/webhooks/neon-auth"))
    };
    for (parents, expected) in [
        (inherited as fn(&World) -> Value, "inherited it from br-main"),
        (
            |world: &World| world.webhook(|_| {}),
            "Neon calls https://sms.example.com/webhooks/neon-auth, and by PUBLIC_URL",
        ),
    ] {
        let world = World::start().await;
        world.breaks(WEBHOOK, json_reply(200, inherited(&world))).await;
        let branch = json!({"branch": {"id": "br-a", "parent_id": "br-main", "name": "preview/42"}});
        world.breaks("/projects/p-1/branches/br-a", json_reply(200, branch)).await;
        let at = "/projects/p-1/branches/br-main/auth/webhooks";
        world.breaks(at, json_reply(200, parents(&world))).await;
        let (code, table) = world.doctor(&[]);
        assert_eq!((code, names(&table, "warn")), (Some(0), vec!["neon webhook"]), "{table}");
        assert!(table.contains(expected), "{expected} in: {table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_that_a_tunnel_has_left_behind_is_told_with_what_restores_it() {
    let world = World::start().await;
    let left = world
        .webhook(|webhook| webhook["webhook_url"] = json!("https://x.trycloudflare.com/webhooks/neon-auth"));
    world.breaks(WEBHOOK, json_reply(200, left)).await;
    let (code, table) = world.doctor(&[]);
    assert_eq!((code, names(&table, "warn")), (Some(0), vec!["neon webhook"]), "{table}");
    assert!(table.contains("`neon-sms-relay neon webhook restore`"), "{table}");
}
