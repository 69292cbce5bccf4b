use super::super::CODES;
use super::*;
use crate::codes::tests::assert_lists;
use reqwest::StatusCode;
use std::time::Duration;

fn reply(status: u16, body: &str) -> VendorReply {
    VendorReply {
        status: StatusCode::from_u16(status).unwrap(),
        retry_after: None,
        body: Some(body.as_bytes().to_vec()),
    }
}

fn read_as(from: &str, reply: &VendorReply) -> Verdict {
    judge(reply, |reply| super::read(reply, &Sender::Number(from.into())))
}

fn read(reply: &VendorReply) -> Verdict {
    read_as("+15557122661", reply)
}

fn refusal(status: u16, body: &str) -> SendError {
    read(&reply(status, body)).unwrap_err()
}

#[test]
fn every_code_has_the_kind_that_decides_the_next_step() {
    use FailureKind::*;
    let expected = [
        (BadRecipient, "21211 21217 21614 21635 30005 21265 21266"),
        (FraudHeld, "30450 30453 30485 21268"),
        (OptedOut, "21610 30004 30630"),
        (Unreachable, "21408 21612 21703 21618 30006 30007 30018 30024 30032 30033 30034 30035"),
        (Unreachable, "30040 30041 30042 30043 30610 30615 30620 21606/short-code 21659/short-code"),
        (Misconfigured, "20003 20006 20008 20404 20003/compliance 10001 20005 20403 30002 20010 30037"),
        (Misconfigured, "21212 21601 21603 21606 21657 21659 21660 21661 21616 21709"),
        (Misconfigured, "21701 21702 21704 21705 21708 21711 21609 21617 21602 21604 21619 21624 90007"),
        (Misconfigured, "21608 10002 21267 30044 30454 20410 30029 30030"),
        (Throttled, "20429 14107 21611 63038 30001 30022 30023 30027 30017"),
        (Unavailable, "30003 30008 30036 30020 30021 21730"),
        (Unknown, "20500 20503 20504 30410 30500"),
    ];
    assert_lists(&CODES, &expected);
    for (kind, codes) in expected {
        for code in codes.split(' ').filter(|code| !code.contains('/')) {
            let error = refusal(400, &format!(r#"{{"code":{code},"status":400}}"#));
            assert_eq!((error.kind, error.code), (kind, crate::VendorCode::new(code)), "{code}");
        }
    }
}

#[test]
fn a_short_code_that_does_not_reach_a_country_leaves_the_next_provider_a_chance() {
    for code in [21606, 21659] {
        let refused = reply(400, &format!(r#"{{"code":{code}}}"#));
        let kind = |from| read_as(from, &refused).unwrap_err().kind;
        assert_eq!(kind("12345"), FailureKind::Unreachable, "{code}");
        for other in ["+15557122661", "Acme", "15557122661"] {
            assert_eq!(kind(other), FailureKind::Misconfigured, "{code} from {other}");
        }
    }
}

#[test]
fn an_account_whose_compliance_profile_is_not_approved_is_told_so() {
    let body = r#"{"code":20003,"message":"Primary compliance profile is not approved"}"#;
    let error = refusal(401, body);
    assert_eq!(error.kind, FailureKind::Misconfigured);
    assert!(error.hint.unwrap().contains("Trust Hub"), "{error:?}");
}

/// Field 34: Twilio answers 429 with codes that mean something else everywhere else.
#[test]
fn too_many_requests_are_throttling_whatever_code_comes_with_them() {
    for code in [20003, 21211, 21610, 30450, 99999] {
        let error = refusal(429, &format!(r#"{{"code":{code}}}"#));
        assert_eq!((error.kind, error.code), (FailureKind::Throttled, crate::VendorCode::new(code)));
    }
}

#[test]
fn what_an_operator_can_mend_comes_with_a_hint() {
    for (status, code, word) in [
        (401, 20003, "auth token"),
        (403, 10001, "balance"),
        (400, 21606, "sender"),
        (400, 21703, "messaging service"),
        (400, 21408, "Geo permissions"),
        (400, 21608, "trial"),
    ] {
        let hint = refusal(status, &format!(r#"{{"code":{code}}}"#)).hint.unwrap();
        assert!(hint.contains(word), "{code}: {hint}");
    }
    assert!(refusal(401, "").hint.is_some(), "even where the body says nothing");
}

#[test]
fn a_code_is_read_whether_it_is_a_number_or_a_text() {
    assert_eq!(refusal(400, r#"{"code":"21610"}"#).kind, FailureKind::OptedOut);
    assert_eq!(refusal(400, r#"{"code":21610}"#).kind, FailureKind::OptedOut);
}

#[test]
fn a_code_nobody_knows_falls_back_on_the_http_status() {
    for (status, kind) in [
        (400, FailureKind::Misconfigured),
        (404, FailureKind::Misconfigured),
        (408, FailureKind::Unknown),
        (429, FailureKind::Throttled),
        (500, FailureKind::Unknown),
        (502, FailureKind::Unknown),
        (503, FailureKind::Unknown),
        (504, FailureKind::Unknown),
    ] {
        for body in [r#"{"code":29999}"#, r#"{"code":null}"#, r#"{"code":{}}"#, "[]", "<html>", ""] {
            assert_eq!(refusal(status, body).kind, kind, "{status} {body}");
        }
    }
}

#[test]
fn a_created_message_that_failed_at_once_is_a_failure_of_its_code() {
    for status in ["failed", "undelivered", "canceled"] {
        let stillborn =
            |code| refusal(201, &format!(r#"{{"sid":"SM1","status":"{status}","error_code":{code}}}"#));
        assert_eq!(stillborn("21610").kind, FailureKind::OptedOut);
        assert_eq!(stillborn("30410").kind, FailureKind::Unknown);
        assert_eq!(stillborn("null").kind, FailureKind::Unavailable);
    }
}

#[test]
fn a_created_message_in_any_other_status_even_a_new_one_is_accepted() {
    for status in [r#""queued""#, r#""accepted""#, r#""sent""#, r#""teleporting""#, "null", "7"] {
        let receipt = read(&reply(201, &format!(r#"{{"sid":"SM0123","status":{status}}}"#))).unwrap();
        assert_eq!(receipt.message_id.as_deref(), Some("SM0123"));
    }
}

#[test]
fn a_success_without_a_usable_id_is_unknown() {
    for body in
        ["", "{}", "[]", "null", r#"{"sid":null}"#, r#"{"sid":""}"#, r#"{"sid":"a b"}"#, "{\"sid\":\"SM"]
    {
        assert_eq!(refusal(201, body).kind, FailureKind::Unknown, "{body}");
    }
    let broken_off = VendorReply { body: None, ..reply(201, "") };
    assert_eq!(read(&broken_off).unwrap_err().kind, FailureKind::Unknown);
}

#[test]
fn the_wait_that_twilio_asks_for_is_passed_on() {
    let wait = Some(Duration::from_secs(7));
    let error = read(&VendorReply { retry_after: wait, ..reply(429, r#"{"code":20429}"#) }).unwrap_err();
    assert_eq!((error.kind, error.retry_after), (FailureKind::Throttled, wait));
}
