//! Reads a request's JSON as Better Auth does, complaints included: by zod, field by field, all at once.
//!
//! The sentences are zod's; a client shows them to its developer.

use super::AuthError;
use serde_json::{Map, Value};

/// A JSON object whose fields are asked for one by one.
pub(super) struct Fields {
    fields: Map<String, Value>,
    complaints: Vec<String>,
}

impl Fields {
    /// # Errors
    /// If it is no JSON, or no object.
    pub fn of(body: Option<&[u8]>) -> Result<Self, AuthError> {
        Self::read(body, "object")
    }

    /// The same for a body whose fields may be any.
    ///
    /// # Errors
    /// If it is no JSON, or no object.
    pub fn of_any(body: Option<&[u8]>) -> Result<Self, AuthError> {
        Self::read(body, "record")
    }

    fn read(body: Option<&[u8]>, expected: &str) -> Result<Self, AuthError> {
        let body = body.filter(|body| !body.is_empty());
        let value: Option<Value> =
            body.map(serde_json::from_slice).transpose().map_err(|_| AuthError::BrokenJson)?;
        match value {
            Some(Value::Object(fields)) => Ok(Self { fields, complaints: Vec::new() }),
            other => {
                let received = kind(other.as_ref());
                Err(AuthError::Invalid(format!(
                    "[body] Invalid input: expected {expected}, received {received}"
                )))
            }
        }
    }

    /// A text that must be there; empty if it is not, which [`finish`](Self::finish) tells.
    pub fn text(&mut self, name: &str) -> String {
        match self.fields.get(name) {
            Some(Value::String(text)) => text.clone(),
            other => {
                self.complaints.push(mismatch(name, "string", other));
                String::new()
            }
        }
    }

    /// A text that may be missing.
    pub fn optional_text(&mut self, name: &str) -> Option<String> {
        self.fields.contains_key(name).then(|| self.text(name))
    }

    /// A text that may be missing, or `null` to be taken away.
    pub fn clearable_text(&mut self, name: &str) -> Option<Option<String>> {
        match self.fields.get(name) {
            Some(Value::Null) => Some(None),
            _ => self.optional_text(name).map(Some),
        }
    }

    /// A text that must be an e-mail address, in small letters.
    pub fn email(&mut self, name: &str) -> String {
        let known = self.complaints.len();
        let email = self.text(name);
        if self.complaints.len() == known && !is_email(&email) {
            self.complaints.push(format!("[body.{name}] Invalid email address"));
        }
        email.to_lowercase()
    }

    /// Yes, no, or nothing.
    pub fn optional_flag(&mut self, name: &str) -> Option<bool> {
        match self.fields.get(name) {
            None => None,
            Some(Value::Bool(flag)) => Some(*flag),
            other => {
                self.complaints.push(mismatch(name, "boolean", other));
                None
            }
        }
    }

    /// Whether the field is there, whatever it holds.
    pub fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// Everything that was found wrong.
    ///
    /// # Errors
    /// If anything was.
    pub fn finish(self) -> Result<(), AuthError> {
        if self.complaints.is_empty() { Ok(()) } else { Err(AuthError::Invalid(self.complaints.join("; "))) }
    }
}

fn mismatch(name: &str, expected: &str, received: Option<&Value>) -> String {
    format!("[body.{name}] Invalid input: expected {expected}, received {}", kind(received))
}

fn kind(value: Option<&Value>) -> &'static str {
    match value {
        None => "undefined",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Number(_)) => "number",
        Some(Value::String(_)) => "string",
        Some(Value::Array(_)) => "array",
        Some(Value::Object(_)) => "object",
    }
}

/// The addresses that zod takes: plain letters, no dot at an end or beside another, a domain with a dot.
pub(super) fn is_email(text: &str) -> bool {
    let Some((name, domain)) = text.rsplit_once('@') else { return false };
    let named = !name.starts_with('.')
        && !name.contains("..")
        && name.ends_with(|letter: char| letter.is_ascii_alphanumeric() || "_+-".contains(letter))
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_'+-.".contains(letter));
    let Some((labels, last)) = domain.rsplit_once('.') else { return false };
    let is_label = |label: &str| {
        label.starts_with(|letter: char| letter.is_ascii_alphanumeric())
            && label.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
    };
    named
        && labels.split('.').all(is_label)
        && last.len() >= 2
        && last.chars().all(|letter| letter.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_what_looks_like_one() {
        for email in ["ada@example.com", "a.b+c'd_e-f@sub.exa-mple.co", "A1@x.io"] {
            assert!(is_email(email), "{email}");
        }
        for text in [
            "",
            "ada",
            "ada@",
            "@example.com",
            "a@b",
            "a..b@c.de",
            ".a@c.de",
            "a.@c.de",
            "a@-c.de",
            "a b@c.de",
            "a@c.d",
            "a@c.d3",
        ] {
            assert!(!is_email(text), "{text}");
        }
    }
}
