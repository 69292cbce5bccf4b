//! Which event a text is of, told by its number and its code.

use crate::dev::ring::Ring;

/// Codes that are remembered.
const CAPACITY: usize = 200;

/// Codes that were given to the webhook.
pub(super) struct Expected(Ring<Announced>);

struct Announced {
    number: String,
    code: String,
    event_id: String,
}

impl Expected {
    pub fn new() -> Self {
        Self(Ring::new(CAPACITY))
    }

    pub fn add(&mut self, number: &str, code: &str, event_id: &str) {
        let (number, code, event_id) = (number.to_owned(), code.to_owned(), event_id.to_owned());
        self.0.push(Announced { number, code, event_id });
    }

    /// Code and event of a text, as far as they are known. A code that nobody announced is six digits that stand
    /// alone.
    pub fn of(&self, number: &str, body: &str) -> (Option<String>, Option<String>) {
        let announced = self.0.iter().rev().find(|it| it.number == number && body.contains(&it.code));
        match announced {
            Some(it) => (Some(it.code.clone()), Some(it.event_id.clone())),
            None => (lone_digits(body), None),
        }
    }
}

fn lone_digits(body: &str) -> Option<String> {
    let words = body.split(|letter: char| !letter.is_ascii_alphanumeric());
    let code = |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
    words.into_iter().find(code).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_of_the_newest_event_with_its_number_and_code() {
        let mut expected = Expected::new();
        expected.add("+12025550123", "042137", "older");
        expected.add("+12025550123", "042137", "newer");
        expected.add("+12025550199", "042137", "another");
        let of = |number, body| expected.of(number, body).1;
        assert_eq!(of("+12025550123", "Code 042137").as_deref(), Some("newer"));
        assert_eq!(expected.of("+12025550123", "Order 123456, code x"), (Some("123456".into()), None));
        assert_eq!(expected.of("+12025550123", "1234567"), (None, None));
    }
}
