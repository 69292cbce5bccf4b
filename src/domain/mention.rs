//! Whether a piece of JSON names a phone number, wherever and however it is written.

use super::canonical;
use serde_json::Value;
use sms_providers::PhoneNumber;

/// Whether any value of `json` is this number. What is no JSON names nobody.
pub fn mentions(json: &[u8], number: &PhoneNumber) -> bool {
    let number = canonical(number);
    serde_json::from_slice(json).is_ok_and(|value| names(&value, &number))
}

fn names(value: &Value, number: &PhoneNumber) -> bool {
    match value {
        Value::String(text) => is(text, number),
        Value::Number(digits) => is(&format!("+{digits}"), number),
        Value::Array(values) => values.iter().any(|value| names(value, number)),
        Value::Object(fields) => fields.values().any(|value| names(value, number)),
        Value::Null | Value::Bool(_) => false,
    }
}

/// Blanks, hyphens and the like are no part of a number.
fn is(text: &str, number: &PhoneNumber) -> bool {
    let is_part = |letter: &char| letter.is_ascii_digit() || *letter == '+';
    let is_filler = |letter: char| " -./()\u{a0}".contains(letter);
    if !text.chars().all(|letter| is_part(&letter) || is_filler(letter)) {
        return false;
    }
    let bare: String = text.chars().filter(is_part).collect();
    let written = bare.strip_prefix("00").map_or_else(|| bare.clone(), |rest| format!("+{rest}"));
    let written = if written.starts_with('+') { written } else { format!("+{written}") };
    written.parse().is_ok_and(|other| canonical(&other) == *number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_number_is_found_wherever_and_however_it_is_written() {
        let number: PhoneNumber = "+447700900123".parse().unwrap();
        for value in [
            json!("+447700900123"),
            json!("447700900123"),
            json!("00447700900123"),
            json!("+44 (0)7700 900-123"),
            json!("+44 7700 900123"),
            json!(447_700_900_123_u64),
        ] {
            let event = json!({"user": {"id": "u1", "other": [true, null, {"phone": value}]}});
            assert!(mentions(event.to_string().as_bytes(), &number), "{value}");
        }
    }

    #[test]
    fn what_only_looks_like_it_is_another() {
        let number: PhoneNumber = "+15551234567".parse().unwrap();
        for value in
            [json!("+15551234568"), json!("call +15551234567"), json!("5551234567"), json!(""), json!(1.5)]
        {
            assert!(!mentions(json!([value]).to_string().as_bytes(), &number), "{value}");
        }
        assert!(!mentions(b"+15551234567", &number) && !mentions(b"\xff", &number));
    }
}
