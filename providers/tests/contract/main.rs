//! What every provider must do with whatever its vendor answers, or fails to answer.
//!
//! A vendor is one file: a `Vendor` with its answers, and `contract!(VENDOR);`. What only that vendor
//! can answer is tested below it in the same file. All of it goes over loopback sockets and through
//! the HTTP client of production; waiting is done on a paused clock.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "all of this binary is tests")]

/// Makes one test of every case for one vendor.
macro_rules! contract {
    ($vendor:expr) => {
        contract!(@each $vendor;
            a_taken_message_brings_the_vendors_id,
            a_taken_message_brings_the_segments_and_the_price_that_the_reply_says,
            a_text_comes_from_the_sender_of_its_country_and_elsewhere_from_the_general_one,
            two_requests_about_one_text_differ_in_their_reference,
            a_bad_number_is_the_recipients_fault,
            an_opt_out_is_told_apart_from_a_bad_number,
            bad_credentials_are_the_operators_to_mend,
            a_missing_balance_is_the_operators_to_mend,
            a_throttled_send_says_how_long_to_wait,
            too_many_requests_are_throttling_whatever_the_body_says,
            a_server_error_may_have_sent_whatever_the_body_says,
            a_code_nobody_knows_has_the_kind_the_vendor_is_given,
            an_internal_error_may_have_sent,
            an_overload_may_have_sent,
            an_error_page_may_have_sent,
            a_refused_connection_has_sent_nothing,
            a_failed_tls_handshake_has_sent_nothing,
            a_reset_after_the_request_may_have_sent,
            a_silent_vendor_may_have_sent,
            a_success_that_drips_in_too_slowly_may_have_sent,
            a_success_that_breaks_off_may_have_sent,
            a_success_of_ten_megabytes_may_have_sent,
            a_success_without_a_body_may_have_sent,
            a_success_in_html_may_have_sent,
            a_success_in_half_a_json_may_have_sent,
            a_success_with_an_empty_list_of_errors_may_have_sent,
            a_refusal_with_an_empty_list_of_errors_is_a_refusal,
            a_redirect_is_neither_followed_nor_a_success,
        );
    };
    (@each $vendor:expr; $($case:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $case() {
                crate::cases::$case(&$vendor).await;
            }
        )*
    };
}

mod cases;
mod checks;
mod feedback;
mod page;
mod upstream;
mod vendor;

mod bird_channels;
mod bird_v1;
mod messagebird_classic;
mod twilio;
mod vonage_messages;
mod vonage_sms;
