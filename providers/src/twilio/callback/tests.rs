//! The vectors are those of twilio-python's `tests/unit/test_request_validator.py` and of
//! <https://www.twilio.com/docs/usage/webhooks/webhooks-security>, token `12345`.

use super::*;
use crate::VendorCode;

const PLAIN: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";
const CALL: &[u8] =
    b"To=%2B18005551212&CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&Caller=%2B14158675309";

fn verify(url: &str, body: &[u8], signature: &str) -> Result<Option<Report>, CallbackError> {
    let headers = [("content-type".into(), "x".into()), (SIGNATURE.into(), signature.into())];
    TwilioCallback::new("12345".into())
        .verify(&RawCallback { url, headers: &headers, body }, SystemTime::UNIX_EPOCH)
}

/// None of the vectors is a status callback, so a signature that holds leads to "malformed".
const HELD: Result<Option<Report>, CallbackError> = Err(CallbackError::Malformed);
const WRONG: Result<Option<Report>, CallbackError> = Err(CallbackError::WrongSignature);

/// Signs as the documentation says, written apart from the code under test.
fn sign(signed: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(b"12345").unwrap();
    mac.update(signed.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

const JSON_URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";

/// URL, body and signature. The last two are the examples of the documentation, an older and today's one.
const PUBLISHED: [(&str, &[u8], &str); 7] = [
    (PLAIN, CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    // Signed with the port that the scheme implies.
    (PLAIN, CALL, "kvajT1Ptam85bY51eRf/AJRuM3w="),
    ("http://mycompany.com/myapp.php?foo=1&bar=2", CALL, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
    (
        PLAIN,
        b"Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234",
        "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
    ),
    (JSON_URL, br#"{"property": "value", "boolean": true}"#, "a9nBmqA0ju/hNViExpshrM61xv4="),
    (
        PLAIN,
        b"CallSid=CA1234567890ABCDE&Caller=%2B12349013030&Digits=1234&From=%2B12349013030&To=%2B18005551212",
        "0/KCTR6DLpKmkAf8muzZqo1nDgQ=",
    ),
    (
        "https://example.com/myapp.php?foo=1&bar=2",
        b"CallSid=CA1234567890ABCDE&Caller=%2B14158675310&Digits=1234&From=%2B14158675310&To=%2B18005551212",
        "L/OH5YylLD5NRKLltdqwSvS0BnU=",
    ),
];

#[test]
fn every_published_vector_verifies_and_tampered_with_it_does_not() {
    for (url, body, signature) in PUBLISHED {
        assert_eq!(verify(url, body, signature), HELD, "{url} {signature}");
        let other_url = url.replace("foo=1", "foo=2");
        assert_eq!(verify(&other_url, body, signature), WRONG, "another URL: {signature}");
        let other_body = String::from_utf8_lossy(body).replacen('1', "2", 1).replacen("true", "false", 1);
        assert_eq!(verify(url, other_body.as_bytes(), signature), WRONG, "another body: {signature}");
        let first = if signature.starts_with('A') { "B" } else { "A" };
        let forged = format!("{first}{}", &signature[1..]);
        assert_eq!(verify(url, body, &forged), WRONG, "another signature: {signature}");
        let headers = [("x-twilio-signatur".to_owned(), signature.to_owned())];
        let raw = RawCallback { url, headers: &headers, body };
        let verdict = TwilioCallback::new("12345".into()).verify(&raw, SystemTime::UNIX_EPOCH);
        assert_eq!(verdict, Err(CallbackError::Unsigned), "another header: {signature}");
    }
}

#[test]
fn a_signature_over_the_url_with_its_port_verifies_and_one_without_it_too() {
    let with_port = PLAIN.replace(".com", ".com:8443");
    assert_eq!(verify(&with_port, CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="), HELD, "signed without :8443");
    let signed = format!("{with_port}CallerX");
    assert_eq!(verify(&with_port, b"Caller=X", &sign(&signed)), HELD, "signed with :8443");
}

#[test]
fn anything_altered_is_refused() {
    let signature = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
    let longer = [CALL, b"&MessageStatus=delivered"].concat();
    for (url, body, signature) in [
        (PLAIN, &longer[..], signature),
        (PLAIN, b"", signature),
        ("https://mycompany.com/myapp.php?foo=1&bar=3", CALL, signature),
        ("https://mycompany.com/myapp.php", CALL, signature),
        ("http://mycompany.com/myapp.php?foo=1&bar=2", CALL, signature),
        (PLAIN, CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B9="),
        (PLAIN, CALL, "RSOYDt4T1cUTdK1PDd93"),
        (PLAIN, CALL, "not base64"),
        (PLAIN, CALL, ""),
    ] {
        assert_eq!(verify(url, body, signature), WRONG, "{url} {signature}");
    }
}

#[test]
fn a_callback_without_signature_is_called_unsigned() {
    let raw = RawCallback { url: PLAIN, headers: &[], body: CALL };
    let verdict = TwilioCallback::new("12345".into()).verify(&raw, SystemTime::UNIX_EPOCH);
    assert_eq!(verdict, Err(CallbackError::Unsigned));
}

fn update(report: Result<Option<Report>, CallbackError>) -> StatusUpdate {
    report.unwrap().unwrap().update.unwrap()
}

const STATUS_URL: &str = "https://relay.example.com/callbacks/twilio/0d9c1f6e";

#[test]
fn every_status_word_is_read_and_an_unknown_one_is_kept_and_changes_nothing() {
    use DeliveryStatus::*;
    for (word, status) in [
        ("queued", Some(Accepted)),
        ("accepted", Some(Accepted)),
        ("scheduled", Some(Accepted)),
        ("sending", Some(Accepted)),
        ("sent", Some(Sent)),
        ("delivered", Some(Delivered)),
        ("read", Some(Delivered)),
        ("undelivered", Some(Undelivered)),
        ("failed", Some(Failed)),
        ("canceled", Some(Failed)),
        ("received", None),
        ("teleported", None),
    ] {
        let body = format!("MessageStatus={word}&MessageSid=SM1");
        let signature = sign(&format!("{STATUS_URL}MessageSidSM1MessageStatus{word}"));
        let expected = Report::new(Subject::Address, word, status.map(StatusUpdate::new));
        let expected = expected.with_message_id(Some("SM1"));
        assert_eq!(verify(STATUS_URL, body.as_bytes(), &signature), Ok(Some(expected)), "{word}");
    }
}

/// Field 37: what a carrier says later is as much a matter of the operator's as what Twilio says at once.
#[test]
fn a_failure_carries_its_code_with_the_class_and_the_remedy_of_a_reply() {
    for code in ["30003", "30034", "30007", "21408", "99999"] {
        let signature = sign(&format!("{STATUS_URL}ErrorCode{code}MessageStatusundelivered"));
        let body = format!("MessageStatus=undelivered&ErrorCode={code}");
        let update = update(verify(STATUS_URL, body.as_bytes(), &signature));
        let row = CODES.find(code);
        assert_eq!((update.status, update.code), (DeliveryStatus::Undelivered, VendorCode::new(code)));
        assert_eq!((update.kind, update.hint), (row.map(|row| row.kind), row.and_then(|row| row.hint)));
        assert_eq!(update.hint.is_some(), ["30034", "30007", "21408"].contains(&code), "{code}");
    }
}

#[test]
fn a_text_that_waited_for_too_long_has_expired_whatever_twilio_calls_it() {
    for word in ["failed", "undelivered"] {
        let signature = sign(&format!("{STATUS_URL}ErrorCode30036MessageStatus{word}"));
        let body = format!("MessageStatus={word}&ErrorCode=30036");
        let update = update(verify(STATUS_URL, body.as_bytes(), &signature));
        assert_eq!((update.status, update.worth_resending()), (DeliveryStatus::Expired, None));
    }
}

/// Field 27: whoever parses a URL and writes it again has another URL.
#[test]
fn the_signature_is_checked_over_the_bytes_that_came() {
    for raw in ["'", "+", "\"", "<", ">", "%27", "%2B", "a%20b", "[x]", "é"] {
        let url = format!("{STATUS_URL}?MessageStatus=delivered&Name=O{raw}Neil");
        assert!(verify(&url, b"", &sign(&url)).is_ok(), "{raw}");
        let other = url.replace("Neil", "Neal");
        assert_eq!(verify(&other, b"", &sign(&url)), WRONG, "{raw}");
    }
}

#[test]
fn thousands_of_fields_are_refused_unread() {
    let body = "MessageStatus=sent".to_owned() + &"&a=1".repeat(7_000);
    assert_eq!(verify(STATUS_URL, body.as_bytes(), "c2ln"), Err(CallbackError::TooManyFields));
    let url = format!("{STATUS_URL}?{}", "a=1&".repeat(7_000));
    assert_eq!(verify(&url, b"", "c2ln"), Err(CallbackError::TooManyFields));
}

#[test]
fn a_callback_by_get_has_its_fields_in_the_signed_url() {
    let url = format!("{STATUS_URL}?MessageStatus=delivered");
    assert_eq!(update(verify(&url, b"", &sign(&url))).status, DeliveryStatus::Delivered);
}

#[test]
fn the_fragment_that_tunes_twilios_client_is_not_part_of_what_is_signed() {
    let signature = sign(&format!("{STATUS_URL}MessageStatussent"));
    assert!(verify(&format!("{STATUS_URL}#rc=2"), b"MessageStatus=sent", &signature).is_ok());
}
