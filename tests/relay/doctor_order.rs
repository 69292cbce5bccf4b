//! `neon-sms-relay doctor` about the order of vendors: what it is now, where, and why.

use crate::doctor::{World, names};
use neon_sms_relay::domain::{Clock, SystemClock};
use neon_sms_relay::store::sqlite::SqliteStore;
use neon_sms_relay::store::{Batch, Tallies, Tally};

/// A vendor beside Twilio, whose answer to the check of its credentials is of no matter here.
const VONAGE: [(&str, &str); 4] = [
    ("VONAGE_API_KEY", "k"),
    ("VONAGE_API_SECRET", "s3cret"),
    ("VONAGE_FROM", "Acme"),
    ("VONAGE_BASE_URL", "http://127.0.0.1:1"),
];

/// What was found of this name.
fn found<'a>(table: &'a str, name: &str) -> &'a str {
    let line = |line: &'a str| line.split_once("  ")?.1.trim_start().strip_prefix(name);
    let found = table.lines().filter_map(line).find(|rest| rest.starts_with("  "));
    found.unwrap_or_else(|| panic!("{name} in: {table}")).trim_start()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_written_order_is_told_with_what_differs_by_country() {
    let regional = [
        ("SMS_PROVIDER_DE", "vonage,twilio"),
        ("SMS_TEMPLATE_DE", "Dein Code: {{ code }}"),
        ("VONAGE_FROM_DE", "AcmeDE"),
        ("TWILIO_FROM_NUMBER_GB", "+442079460958"),
    ];
    let (_, table) = World::start().await.doctor(&[&VONAGE[..], &regional].concat());
    assert_eq!(found(&table, "order"), "twilio, as SMS_PROVIDER has it");
    assert_eq!(
        found(&table, "order DE"),
        "vonage, twilio, as SMS_PROVIDER_DE has it; a text of its own; senders of its own: vonage"
    );
    assert_eq!(found(&table, "order GB"), "twilio; senders of its own: twilio");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_learnt_order_is_told_by_country_with_what_it_was_learnt_from() {
    let world = World::start().await;
    let adaptive =
        [("SMS_PROVIDER", "twilio,vonage"), ("SMS_ROUTING", "adaptive"), ("SMS_TEMPLATE_FR", "{{ code }}")];
    let vars = [&VONAGE[..], &adaptive].concat();
    let (_, table) = world.doctor(&vars);
    assert!(found(&table, "order").contains("not there yet"), "{table}");
    assert!(!world.folder.path().join("neon-sms-relay.db").exists());

    let store = SqliteStore::open(world.folder.path().join("neon-sms-relay.db")).unwrap();
    let hour = Tally::hour_of(SystemClock.now());
    let tally = |region: &str, kind: &str, detail: &str, count| Tally {
        hour: hour - 1,
        kind: kind.to_owned(),
        region: region.to_owned(),
        detail: detail.to_owned(),
        count,
    };
    let tallies = [
        tally("DE", "first_ended", "twilio", 100),
        tally("DE", "first_verified", "twilio", 61),
        tally("DE", "first_ended", "vonage", 200),
        tally("DE", "first_verified", "vonage", 186),
        tally("DE", "priced", "vonage EUR", 2),
        tally("DE", "price", "vonage EUR", 140_000),
        tally("", "first_ended", "twilio", 4),
        // Somebody else's, and one of too long ago.
        tally("IT", "first_ended", "messagebird", 9),
        Tally { hour: hour - 15 * 24, ..tally("ES", "first_ended", "twilio", 9) },
    ];
    let batch = Batch { writer: "servers".to_owned(), number: 1, hour };
    store.tally(&tallies, &batch).await.unwrap();
    let (code, table) = world.doctor(&vars);
    assert!(found(&table, "order").contains("known of"), "{code:?} {table}");
    let german =
        "vonage (93 % of 200 first texts verified, 0.07 EUR each), twilio (61 % of 100 first texts verified)";
    assert_eq!(found(&table, "order DE"), german);
    let elsewhere = "vonage (nothing is known yet), twilio (0 % of 4 first texts verified)";
    assert_eq!(found(&table, "order elsewhere"), elsewhere);
    assert!(found(&table, "order FR").starts_with("twilio, vonage, each as likely"), "{table}");
    assert!(!names(&table, "ok").contains(&"order ES"), "{table}");
}
