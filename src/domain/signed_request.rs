//! What Neon sent, byte for byte, for whoever verifies it again: the user's own app.

use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A request whose signature holds: every `X-Neon-*` header as it came, and the raw body.
///
/// The body may hold a code, a link or a number; `Debug` shows its length only.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// Names in lower case, and values as they were sent, in their order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The bytes that are signed.
    pub body: Bytes,
}

/// How a request waits in an outbox, before it is sealed: JSON with base64 inside, since neither a header
/// nor a body has to be text.
#[derive(Serialize, Deserialize)]
struct Written {
    headers: Vec<(String, String)>,
    body: String,
}

impl SignedRequest {
    /// The request as bytes that [`read`](Self::read) understands.
    pub fn write(&self) -> Vec<u8> {
        let headers = self.headers.iter().map(|(name, value)| (name.clone(), BASE64.encode(value))).collect();
        // Texts always have a JSON form; should they not, nothing is what can be read of it.
        serde_json::to_vec(&Written { headers, body: BASE64.encode(&self.body) }).unwrap_or_default()
    }

    /// The request that was written; `None` if these bytes are something else.
    pub fn read(written: &[u8]) -> Option<Self> {
        let Written { headers, body } = serde_json::from_slice(written).ok()?;
        let headers = headers.into_iter().map(|(name, value)| Some((name, BASE64.decode(value).ok()?)));
        Some(Self { headers: headers.collect::<Option<_>>()?, body: BASE64.decode(body).ok()?.into() })
    }
}

impl fmt::Debug for SignedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedRequest({} headers, {} bytes)", self.headers.len(), self.body.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_request_is_read_as_it_was_written(
            headers in proptest::collection::vec(("x-neon-[a-z]{1,9}", any::<Vec<u8>>()), 0..9),
            body in any::<Vec<u8>>(),
        ) {
            let request = SignedRequest { headers, body: body.into() };
            prop_assert_eq!(SignedRequest::read(&request.write()), Some(request));
        }
    }

    #[test]
    fn nothing_of_a_request_is_shown() {
        let headers = vec![("x-neon-signature".to_owned(), b"e30..secret".to_vec())];
        let request = SignedRequest { headers, body: Bytes::from_static(b"{\"otp_code\":\"042137\"}") };
        assert_eq!(format!("{request:?}"), "SignedRequest(1 headers, 21 bytes)");
    }
}
