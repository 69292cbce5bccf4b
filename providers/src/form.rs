//! Fields of forms and queries that nobody has vouched for yet.

use crate::CallbackError;
use url::form_urlencoded;

/// Several times what any vendor sends. To take a field apart costs more than to read it past.
const MOST_FIELDS: usize = 100;

/// The names and values of a form, as many as a vendor may have sent.
///
/// # Errors
/// If there are more.
pub(crate) fn fields(form: &[u8]) -> Result<impl Iterator<Item = (String, String)>, CallbackError> {
    if form.iter().filter(|byte| **byte == b'&').count() >= MOST_FIELDS {
        return Err(CallbackError::TooManyFields);
    }
    Ok(form_urlencoded::parse(form).into_owned())
}

/// Whether a form has a field of this name, which needs no encoding, found without taking the form apart.
pub(crate) fn has(form: &[u8], name: &str) -> bool {
    let is_it = |field: &[u8]| field.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"="));
    form.split(|byte| *byte == b'&').any(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_of_thousands_of_fields_is_not_taken_apart() {
        let form = |n| vec!["a=1"; n].join("&");
        assert_eq!(fields(form(100).as_bytes()).map(Iterator::count), Ok(100));
        assert_eq!(fields(form(101).as_bytes()).map(Iterator::count), Err(CallbackError::TooManyFields));
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        assert!(has(b"sig=1", "sig") && has(b"a=1&sig=", "sig"));
        assert!(!has(b"", "sig") && !has(b"signed=1&a=sig=", "sig") && !has(b"sig", "sig"));
    }
}
