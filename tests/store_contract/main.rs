//! What every store promises: one suite, held to memory, to SQLite and to a real PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that meets the unexpected should stop there"
)]

mod claims;
mod claims_model;
mod claims_scene;
mod deliveries;
mod erasure;
#[path = "../postgres_server/mod.rs"]
mod postgres_server;
mod served;
mod suite;
mod texts;

mod closings;
mod migrations;
mod numbers;
mod outbox;
mod postgres;
mod postgres_troubles;
mod resends;
mod sqlite;
mod test_codes;

use neon_sms_relay::store::{Store, open};
use postgres_server::PostgresServer;
use sms_providers::client::tls_config;
use std::sync::Arc;
use tempfile::TempDir;

/// Where a store lives for the length of a test.
enum Home {
    Memory,
    Sqlite(TempDir),
    Postgres(PostgresServer),
}

impl Home {
    fn url(&self) -> String {
        match self {
            Self::Memory => "memory:".to_owned(),
            Self::Sqlite(folder) => format!("sqlite://{}", folder.path().join("store.db").display()),
            Self::Postgres(server) => server.url(),
        }
    }

    /// Opens the store, again if it was open before.
    fn open(&self) -> Arc<dyn Store> {
        open(&self.url(), tls_config().unwrap()).unwrap()
    }

    fn survives_a_restart(&self) -> bool {
        !matches!(self, Self::Memory)
    }
}

/// Makes one test of every promise for one kind of store.
macro_rules! contract {
    ($backend:ident, $home:expr) => {
        mod $backend {
            contract!(@each suite $home;
                a_new_event_is_acquired_and_then_in_flight,
                a_lapsed_lease_goes_to_a_new_owner_with_a_higher_token,
                a_stale_owner_changes_nothing,
                a_renewed_lease_keeps_others_out,
                a_finished_reply_is_returned_for_ever,
                a_reply_that_is_not_final_is_refused,
                a_released_event_is_claimable_at_once_with_its_count_corrected,
                of_many_claims_at_once_exactly_one_is_acquired,
                old_events_are_forgotten_unless_somebody_owns_them,
                the_hash_key_is_made_once,
                what_was_finished_survives_a_restart,
                a_healthy_store_answers,
            );
            contract!(@each texts $home;
                a_status_only_rises_and_may_come_before_the_end,
                a_late_delivery_replaces_a_failure,
                a_report_for_nobody_is_told,
                a_text_of_messagebird_is_found_by_its_id,
                a_word_that_nobody_knows_is_kept_and_changes_nothing,
                all_that_is_known_of_a_delivery_is_told,
                deliveries_are_found_by_number_time_and_how_they_ended,
                requests_of_all_owners_are_numbered_apart,
                a_verification_is_matched_to_the_latest_text_of_the_number_once,
                a_verification_without_a_living_code_of_ours_is_no_text_s_success,
                a_reply_that_is_none_keeps_its_texts,
                tallies_are_added_up_by_all_once_and_forgotten_by_the_hour,
            );
            contract!(@each deliveries $home;
                deliveries_are_walked_through_and_found_by_what_changed,
            );
            contract!(@each resends $home;
                a_failed_text_is_made_good_once_while_that_helps,
                a_resend_that_sent_nothing_gives_its_count_back_once,
                silence_is_no_reason_where_something_final_was_heard,
                a_code_that_was_superseded_or_typed_is_not_sent_again,
                of_many_failures_the_latest_are_told,
            );
            contract!(@each numbers $home;
                whoever_took_the_last_text_in_vain_is_told_until_one_led_to_a_verification,
                a_number_gets_as_many_texts_as_its_pace_allows,
                of_many_claims_of_one_event_the_number_notices_one,
                an_unknown_number_is_refused_where_a_verified_one_is_not,
                of_many_events_for_one_number_at_once_exactly_as_many_are_allowed_as_may_be,
                a_number_is_remembered_while_its_limits_or_its_verification_count,
                what_is_refused_to_everybody_is_refused_to_a_verified_number_and_never_counts,
                a_verification_tells_which_texts_it_cleared,
                a_limit_of_no_text_holds_for_the_first_one_too,
                a_text_that_was_sent_though_a_limit_was_broken_is_among_the_failed_ones,
            );
            contract!(@each closings $home;
                what_is_closed_is_closed_until_it_is_opened_or_over,
            );
            contract!(@each erasure $home;
                an_event_that_cannot_come_again_is_deleted_with_its_texts,
                an_event_that_may_come_again_keeps_its_reply_and_nothing_of_the_number,
                an_event_that_is_worked_on_is_finished_by_its_owner_all_the_same,
                a_number_is_erased_with_its_limits_its_verification_and_its_test_code,
                the_outbox_is_looked_through_in_pages,
                what_is_to_be_forgotten_is_told_to_all_for_a_while,
                reports_by_the_vendors_own_id_find_nothing_of_an_erased_text,
            );
            contract!(@each test_codes $home;
                a_test_code_is_read_by_all_instances_until_it_dies,
                the_newest_test_code_of_a_number_wins_whenever_it_is_written,
                dead_test_codes_are_forgotten_and_living_ones_are_not,
            );
            contract!(@each outbox $home;
                an_event_is_queued_in_the_step_that_finishes_it_and_only_once,
                an_item_is_leased_to_one_owner_until_the_lease_lapses,
                items_of_a_lane_are_given_out_one_after_the_other_and_lanes_side_by_side,
                a_failed_item_is_given_out_again_at_its_time_and_not_before,
                an_owner_whose_lease_lapsed_cannot_put_the_item_back,
                a_dead_item_is_kept_and_no_longer_in_the_way,
                a_retry_brings_dead_items_back_and_waiting_ones_forward,
                what_is_discarded_is_gone,
                whoever_is_next_in_a_lane_has_its_turn_whatever_becomes_of_the_one_before,
                any_number_of_items_is_listed_retried_and_forgotten,
                old_dead_items_are_forgotten,
                takers_at_once_share_the_items,
                what_is_queued_survives_a_restart,
            );
            contract!(@each served $home;
                items_of_endpoints_that_are_not_served_stay_as_they_are,
                endpoints_that_have_enough_to_do_are_left_out,
                a_lease_that_lies_further_ahead_than_it_can_keeps_nobody_out,
                an_item_does_not_wait_for_a_time_that_lies_further_ahead_than_it_can,
            );
        }
    };
    (@each $suite:ident $home:expr; $($promise:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $promise() {
                // The one switch that `./test quick` has.
                if let Some(home) = $home {
                    crate::$suite::$promise(&home).await;
                }
            }
        )*
    };
}

contract!(on_memory, Some(crate::Home::Memory));
contract!(on_sqlite, Some(crate::Home::Sqlite(tempfile::tempdir().unwrap())));
contract!(on_postgres, crate::postgres::server().map(crate::Home::Postgres));
