use super::*;
use serde_json::{Value, json};

fn otp(body: Value) -> Result<SendOtp, VerifyError> {
    match read(body.to_string().as_bytes())?.kind {
        NeonEvent::SendOtp(otp) => Ok(otp),
        other => panic!("not an OTP: {other:?}"),
    }
}

fn sample() -> Value {
    json!({
        "event_id": "550e8400-e29b-41d4-a716-446655440000",
        "event_type": "send.otp",
        "context": { "endpoint_id": "ep-cool-sound-12345678", "project_name": "My SaaS App" },
        "user": { "phone_number": "+15551234567" },
        "event_data": {
            "otp_code": "123456", "otp_type": "sign-in", "delivery_preference": "sms",
            "expires_at": "2026-02-23T12:05:00.000Z"
        }
    })
}

fn with(pointer: &str, value: Value) -> Value {
    let mut body = sample();
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[field] = value;
    body
}

#[test]
fn the_documented_event_is_read_whole() {
    let event = read(sample().to_string().as_bytes()).unwrap();
    assert_eq!(event.endpoint.unwrap().as_str(), "ep-cool-sound-12345678");
    assert_eq!(event.project_name.as_deref(), Some("My SaaS App"));
    let otp = otp(sample()).unwrap();
    assert_eq!(otp.preference, DeliveryPreference::Sms);
    assert_eq!(otp.destination, Destination::Number("+15551234567".parse().unwrap()));
    assert_eq!(otp.code.unwrap().expose(), "123456");
    assert_eq!(otp.expires_at, Timestamp::from_rfc3339("2026-02-23T12:05:00Z"));
}

#[test]
fn what_neon_may_add_or_vary_does_not_matter() {
    for body in [
        with("/new", json!({"deep": [1]})),
        with("/user/id", json!(17)),
        with("/user/user_id", json!("u")),
        with("/user/phone_number", json!("+15551234567")),
        with("/event_data/otp_type", json!("passkey-recovery")),
        with("/event_data/otp_code", json!(123456)),
        with("/event_data/expires_at", Value::Null),
        with("/context/project_name", json!({"en": "App"})),
    ] {
        assert!(otp(body.clone()).is_ok(), "{body}");
    }
}

#[test]
fn half_a_character_in_a_text_that_is_not_acted_upon_does_not_matter() {
    for (place, text) in [
        ("My SaaS App", r"My App \ud83d"),
        ("My SaaS App", r"\ude80\ud83d My App"),
        ("sign-in", r"\udfff"),
        (r#""user":{"#, r#""user":{"email":"a\udc00@example.com","name":"\ud83d","#),
    ] {
        let body = sample().to_string().replace(place, text);
        assert_ne!(body, sample().to_string());
        let NeonEvent::SendOtp(otp) = read(body.as_bytes()).unwrap().kind else { panic!("not an OTP") };
        assert_eq!(otp.code.unwrap().expose(), "123456");
        assert_eq!(otp.destination, Destination::Number("+15551234567".parse().unwrap()));
    }
    let of_a_number = sample().to_string().replace("+1555", r"+1555\ud83d");
    let NeonEvent::SendOtp(otp) = read(of_a_number.as_bytes()).unwrap().kind else { panic!("not an OTP") };
    assert_eq!(otp.destination, Destination::NotE164);
}

#[test]
fn whatever_is_to_be_sent_by_a_way_to_come_is_told_from_what_only_happened() {
    for (name, label) in [
        ("send.whatsapp", "send_other"),
        ("send.", "send_other"),
        ("sender.created", "unknown"),
        ("SEND.x", "unknown"),
    ] {
        let body = json!({"event_id": "x", "event_type": name, "event_data": [1]});
        assert_eq!(read(body.to_string().as_bytes()).unwrap().kind.label(), label, "{name}");
    }
}

#[test]
fn an_event_of_a_type_that_did_not_exist_yet_is_kept_whatever_its_data() {
    let body = json!({"event_id": "x", "event_type": "passkey.created", "event_data": [1]});
    let event = read(body.to_string().as_bytes()).unwrap();
    assert_eq!(event.name, "passkey.created");
    assert!(matches!(event.kind, NeonEvent::Unknown));
}

#[test]
fn a_type_that_is_no_name_is_no_event_so_that_no_log_line_holds_it() {
    for name in [
        "user.created\n{\"level\":\"ERROR\"}",
        "\u{1b}[2Jcleared",
        "ünknown",
        "with blanks",
        "",
        &"x".repeat(129),
    ] {
        let body = json!({"event_id": "x", "event_type": name, "event_data": {}});
        assert!(read(body.to_string().as_bytes()).is_err(), "{name:?}");
    }
    let longest = json!({"event_id": "x", "event_type": "x".repeat(128), "event_data": {}});
    assert!(read(longest.to_string().as_bytes()).is_ok());
}

#[test]
fn an_event_is_about_whoever_it_names_by_the_best_name_that_it_has() {
    let subject = |user: Value| {
        let body = json!({"event_id": "x", "event_type": "user.created", "user": user});
        read(body.to_string().as_bytes()).unwrap().subject.map(|subject| subject.expose().to_owned())
    };
    let all = json!({"id": "u1", "user_id": "u2", "email": "a@example.com", "phone_number": "+15551234567"});
    let names = ["id", "user_id", "email", "phone_number"];
    for (known, expected) in ["u1", "u2", "a@example.com", "+15551234567"].into_iter().enumerate() {
        let mut user = all.clone();
        names[..known].iter().for_each(|name| user[name] = Value::Null);
        assert_eq!(subject(user).as_deref(), Some(expected));
    }
    assert_eq!(
        subject(json!({"id": {"odd": 1}, "email": "a@example.com"})).as_deref(),
        Some("a@example.com")
    );
    assert_eq!(subject(json!({})), None);
}

#[test]
fn a_required_field_that_is_missing_or_of_the_wrong_type_is_an_error() {
    for body in [
        with("/event_id", Value::Null),
        with("/event_id", json!(17)),
        with("/event_id", json!("")),
        with("/event_type", json!({})),
        with("/event_data", Value::Null),
        with("/event_data", json!([])),
        with("/event_data", json!(["123456", "sign-in", "sms", null])),
        with("/event_data/otp_code", Value::Null),
        with("/event_data/otp_code", json!(["123456"])),
        with("/event_data/delivery_preference", json!({"sms": true})),
        with("/event_data/expires_at", json!("soon")),
        with("/user", json!("+15551234567")),
        with("/user/phone_number", json!(["+15551234567"])),
        with("/context/endpoint_id", json!({})),
    ] {
        assert!(matches!(otp(body.clone()), Err(VerifyError::Body(_))), "{body}");
    }
}

#[test]
fn a_number_or_code_out_of_form_is_read_as_such() {
    assert_eq!(otp(with("/user", Value::Null)).unwrap().destination, Destination::Missing);
    assert_eq!(
        otp(with("/user/phone_number", json!(15551234567_u64))).unwrap().destination,
        Destination::NotE164
    );
    assert!(otp(with("/event_data/otp_code", json!("12345"))).unwrap().code.is_none());
}

#[test]
fn hostile_json_is_an_error_and_not_a_crash() {
    let deep = format!(
        r#"{{"event_id":"x","event_type":"send.otp","event_data":{}{}}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let doubled = r#"{"event_id":"x","event_id":"y","event_type":"send.otp"}"#;
    let doubled_code =
        r#"{"event_id":"x","event_type":"send.otp","event_data":{"otp_code":"123456","otp_code":"654321"}}"#;
    for body in
        [deep.as_bytes(), doubled.as_bytes(), doubled_code.as_bytes(), b"\xff\xfe", b"", b"null", b"[]"]
    {
        assert!(matches!(read(body), Err(VerifyError::Body(_))));
    }
}
