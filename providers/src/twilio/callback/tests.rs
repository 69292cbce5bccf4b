//! The vectors are those of twilio-python's `tests/unit/test_request_validator.py`, token `12345`.

use super::*;

const PLAIN: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";
const CALL: &[u8] =
    b"To=%2B18005551212&CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&Caller=%2B14158675309";

fn verify(url: &str, body: &[u8], signature: &str) -> Result<Option<StatusUpdate>, CallbackError> {
    let headers = [("content-type".into(), "x".into()), (SIGNATURE.into(), signature.into())];
    let url = url.parse().unwrap();
    TwilioCallback::new("12345".into())
        .verify(&RawCallback { url: &url, headers: &headers, body }, SystemTime::UNIX_EPOCH)
}

/// None of the vectors is a status callback, so a signature that holds leads to "malformed".
const HELD: Result<Option<StatusUpdate>, CallbackError> = Err(CallbackError::Malformed);
const WRONG: Result<Option<StatusUpdate>, CallbackError> = Err(CallbackError::WrongSignature);

/// Signs as the documentation says, written apart from the code under test.
fn sign(signed: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(b"12345").unwrap();
    mac.update(signed.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[test]
fn the_published_form_vector_verifies() {
    assert_eq!(verify(PLAIN, CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="), HELD);
}

#[test]
fn a_signature_over_the_url_with_its_port_verifies_and_one_without_it_too() {
    assert_eq!(verify(PLAIN, CALL, "kvajT1Ptam85bY51eRf/AJRuM3w="), HELD, "signed with :443");
    assert_eq!(
        verify(&PLAIN.replace("https", "http"), CALL, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        HELD,
        "with :80"
    );
    let with_port = PLAIN.replace(".com", ".com:8443");
    assert_eq!(verify(&with_port, CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="), HELD, "signed without :8443");
    let signed = format!("{with_port}CallerX");
    assert_eq!(verify(&with_port, b"Caller=X", &sign(&signed)), HELD, "signed with :8443");
}

#[test]
fn the_published_vector_with_repeated_fields_verifies() {
    let body = b"Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234";
    assert_eq!(verify(PLAIN, body, "IK+Dwps556ElfBT0I3Rgjkr1wJU="), HELD);
}

#[test]
fn the_published_vector_of_a_json_body_verifies_and_an_altered_body_does_not() {
    let url = format!("{PLAIN}&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620");
    let signature = "a9nBmqA0ju/hNViExpshrM61xv4=";
    assert_eq!(verify(&url, br#"{"property": "value", "boolean": true}"#, signature), HELD);
    assert_eq!(verify(&url, br#"{"property": "value", "boolean": false}"#, signature), WRONG);
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
    let url = PLAIN.parse().unwrap();
    let raw = RawCallback { url: &url, headers: &[], body: CALL };
    let verdict = TwilioCallback::new("12345".into()).verify(&raw, SystemTime::UNIX_EPOCH);
    assert_eq!(verdict, Err(CallbackError::Unsigned));
}

const STATUS_URL: &str = "https://relay.example.com/callbacks/twilio/0d9c1f6e";

#[test]
fn every_status_word_is_read_and_an_unknown_one_is_no_news() {
    use DeliveryStatus::*;
    for (word, status) in [
        ("queued", Some(Accepted)),
        ("accepted", Some(Accepted)),
        ("scheduled", Some(Accepted)),
        ("sending", Some(Accepted)),
        ("sent", Some(Sent)),
        ("delivered", Some(Delivered)),
        ("read", Some(Delivered)),
        ("undelivered", Some(Failed)),
        ("failed", Some(Failed)),
        ("canceled", Some(Failed)),
        ("received", None),
        ("teleported", None),
    ] {
        let body = format!("MessageStatus={word}&MessageSid=SM1");
        let signature = sign(&format!("{STATUS_URL}MessageSidSM1MessageStatus{word}"));
        let expected = status.map(|status| StatusUpdate { status, code: None });
        assert_eq!(verify(STATUS_URL, body.as_bytes(), &signature), Ok(expected), "{word}");
    }
}

#[test]
fn a_failure_carries_its_code() {
    let signature = sign(&format!("{STATUS_URL}ErrorCode30003MessageStatusundelivered"));
    let update = verify(STATUS_URL, b"MessageStatus=undelivered&ErrorCode=30003", &signature);
    let expected = StatusUpdate { status: DeliveryStatus::Failed, code: VendorCode::new(30003) };
    assert_eq!(update, Ok(Some(expected)));
}

#[test]
fn a_callback_by_get_has_its_fields_in_the_signed_url() {
    let url = format!("{STATUS_URL}?MessageStatus=delivered");
    let expected = StatusUpdate { status: DeliveryStatus::Delivered, code: None };
    assert_eq!(verify(&url, b"", &sign(&url)), Ok(Some(expected)));
}

#[test]
fn the_fragment_that_tunes_twilios_client_is_not_part_of_what_is_signed() {
    let signature = sign(&format!("{STATUS_URL}MessageStatussent"));
    assert!(verify(&format!("{STATUS_URL}#rc=2"), b"MessageStatus=sent", &signature).is_ok());
}
