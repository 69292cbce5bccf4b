//! `neon-sms-relay doctor` on a machine whose clock is wrong.

use crate::doctor::{JWKS, World, json_reply, names};
use crate::harness::Signer;

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_not_neons_is_found_also_behind_a_cache() {
    let dated = |ago: u64, age: &str| {
        let at = jiff::Timestamp::now() - std::time::Duration::from_secs(ago);
        let date = at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let keys = json_reply(200, Signer::new().jwks());
        keys.insert_header("Date", date).insert_header("Age", age)
    };
    for (reply, status, words) in [
        (dated(3600, "0"), "FAIL", "s ahead of Neon's; set the clock of this machine (NTP): every event"),
        (dated(100, "0"), "warn", "s ahead of Neon's"),
        (dated(3600, "3600"), "ok", "as Neon's"),
    ] {
        let world = World::start().await;
        world.breaks(JWKS, reply).await;
        let (_, table) = world.doctor(&[]);
        assert!(names(&table, status).contains(&"clock") && table.contains(words), "{words} in: {table}");
    }
}
