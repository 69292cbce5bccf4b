//! What a vendor has to bring along to be held to the contract.

use crate::upstream::{Answer, Upstream};
use serde_json::Value;
use sms_providers::client::http_client;
use sms_providers::{
    Country, FailureKind, MessageRef, ProviderName, SendError, SendReceipt, SmsBody, SmsMessage, SmsProvider,
};
use std::collections::BTreeMap;
use std::time::Duration;
use url::Url;

/// One vendor API and its answers.
pub struct Vendor {
    /// Who signs the receipts.
    pub name: ProviderName,
    /// The file in `snapshots/` with the request that every case must put on the wire.
    pub snapshot: &'static str,
    /// The JSON schema of a request, made from the vendor's own description; a form is an object of texts.
    pub schema: &'static str,
    /// Builds the provider, with made-up credentials and this base URL.
    pub provider: fn(Url, reqwest::Client) -> Box<dyn SmsProvider>,
    /// Replaces what differs from run to run, such as a time or a signed token; `str::to_owned` if
    /// nothing does.
    pub steady: fn(&str) -> String,
    /// The field with the sender, as it stands on the wire: to Britain, and to elsewhere.
    pub senders: (&'static str, &'static str),
    /// A success; other cases borrow its status and its body.
    pub accepted: Answer,
    /// The message's id in `accepted`.
    pub accepted_id: &'static str,
    /// The segments and the price in `accepted`, where the API says them.
    pub bill: (Option<u8>, Option<&'static str>),
    pub bad_number: Answer,
    /// `None` if the API does not tell an opt-out from anything else.
    pub opted_out: Option<Answer>,
    pub bad_credentials: Answer,
    pub no_balance: Answer,
    /// Sent with `Retry-After: 7`.
    pub throttled: Answer,
    /// A 500.
    pub internal_error: Answer,
    /// A 503.
    pub unavailable: Answer,
    /// A code that the vendor may invent tomorrow, and what to make of it.
    pub unknown_code: (Answer, FailureKind),
}

/// A message with everything that a wire format can get wrong: signs that mean something in forms and
/// in JSON, a line break, letters outside ASCII, a plus in the number.
pub fn message() -> SmsMessage {
    SmsMessage {
        to: "+15551234567".parse().unwrap(),
        body: SmsBody::new("Ihr Code für \"A&B\" = 123456, 100 % + ä.\n\n@acme.example #123456"),
        country: None,
        reference: MessageRef::new("0d9c1f6e-6d3c-4a55-9d0e-3f1f5c1d2b7a"),
        idempotency_key: "5b8e2f7c-1a2b-4c3d-8e9f-0a1b2c3d4e5f".into(),
        attempt: 1,
        callbacks: Some("https://relay.example.com/callbacks".parse().unwrap()),
        expires_in: Duration::from_millis(299_900),
    }
}

/// A sender of its own for texts to Britain.
pub fn to_britain<T>(sender: T) -> BTreeMap<Country, T> {
    BTreeMap::from([("GB".parse().unwrap(), sender)])
}

impl Vendor {
    /// The request that the message becomes.
    pub async fn request(&self, message: SmsMessage) -> String {
        let upstream = Upstream::Reply(self.accepted);
        let (result, wire) = upstream.run(async |url| send(self.provider, url, &message).await).await;
        assert!(result.is_ok(), "{result:?}");
        String::from_utf8(wire).unwrap()
    }

    /// Sends the message to `upstream` and holds the request to its snapshot.
    pub async fn send(&self, upstream: Upstream) -> Result<SendReceipt, SendError> {
        let reads_a_request = !matches!(upstream, Upstream::Refused | Upstream::NoTls);
        let (result, wire) = upstream.run(async |url| send(self.provider, url, &message()).await).await;
        if reads_a_request {
            self.assert_wire(self.snapshot, &wire);
        } else {
            assert!(wire.is_empty());
        }
        result
    }

    /// Sends `message` through `provider` to an upstream that takes it, and holds the request to the
    /// snapshot of this name: for the ways of one vendor to authenticate, to name a sender, and so on.
    pub async fn assert_request(
        &self,
        snapshot: &str,
        provider: fn(Url, reqwest::Client) -> Box<dyn SmsProvider>,
        message: SmsMessage,
    ) {
        let upstream = Upstream::Reply(self.accepted);
        let (result, wire) = upstream.run(async |url| send(provider, url, &message).await).await;
        assert!(result.is_ok(), "{result:?}");
        self.assert_wire(snapshot, &wire);
    }

    fn assert_wire(&self, snapshot: &str, wire: &[u8]) {
        let wire = String::from_utf8(wire.to_vec()).expect("a request in UTF-8");
        let (head, body) = wire.split_once("\r\n\r\n").expect("a request");
        // The address and the version change; what is accepted in reply is the client's business.
        let changing = ["host:", "user-agent:", "accept:"];
        let head: Vec<&str> =
            head.lines().filter(|line| !changing.iter().any(|name| line.starts_with(name))).collect();
        self.assert_schema(&head, body);
        let request = (self.steady)(&format!("{}\n\n{body}", head.join("\n")));
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(snapshot, request);
        });
    }

    fn assert_schema(&self, head: &[&str], body: &str) {
        let is_form = head.iter().any(|line| line.ends_with("application/x-www-form-urlencoded"));
        let request = if is_form { form(body) } else { serde_json::from_str(body).unwrap() };
        let schema = jsonschema::validator_for(&serde_json::from_str(self.schema).unwrap()).unwrap();
        if let Err(error) = schema.validate(&request) {
            panic!("not a request that the vendor describes: {error}");
        }
    }
}

/// A form as the object of texts that it is.
fn form(body: &str) -> Value {
    url::form_urlencoded::parse(body.as_bytes())
        .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
        .collect()
}

async fn send(
    provider: fn(Url, reqwest::Client) -> Box<dyn SmsProvider>,
    url: Url,
    message: &SmsMessage,
) -> Result<SendReceipt, SendError> {
    let result = provider(url, http_client().unwrap()).send(message).await;
    let shown = match &result {
        Ok(receipt) => format!("{receipt:?}"),
        Err(error) => format!("{error:?} {error}"),
    };
    for secret in ["123456", "5551234567", "Ihr Code", "Refused", "secret"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    result
}
