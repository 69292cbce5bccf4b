//! Events of a load: each is a code for somebody else, and forged ones are wrong in each of the ways that there are.

use super::PATIENCE;
use crate::dev::neon::Signer;
use crate::domain::Timestamp;
use bytes::Bytes;
use reqwest::RequestBuilder;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// How long a code lives at Neon unless it is set otherwise.
const LIFE: Duration = Duration::from_secs(300);
/// As many numbers there are behind one area code; nobody who is real is texted.
const NUMBERS: u64 = 10_000_000;
/// How old an event is that is too old for anybody.
const TOO_OLD: Duration = Duration::from_secs(3600 * 2);

/// One event, however often it is sent.
#[derive(Clone)]
pub(super) struct Event {
    pub number: Arc<str>,
    id: Arc<str>,
    body: Bytes,
}

/// What is wrong with a forged one.
#[derive(Debug, Clone, Copy)]
enum Forgery {
    Signature,
    Kid,
    Timestamp,
    Unsigned,
}

const FORGERIES: [Forgery; 4] = [Forgery::Signature, Forgery::Kid, Forgery::Timestamp, Forgery::Unsigned];

impl Event {
    /// The event of this place in a load.
    pub fn new(place: u64, now: Timestamp) -> Self {
        let id = Uuid::new_v4().to_string();
        let number = format!("+1202{:07}", place % NUMBERS);
        // Without an endpoint: whichever branches are served, it may be one of theirs.
        let body = json!({
            "event_id": id,
            "event_type": "send.otp",
            "timestamp": now.to_rfc3339(),
            "context": { "project_name": "Bench" },
            "user": { "id": id, "phone_number": number },
            "event_data": {
                "otp_code": format!("{:06}", place % 1_000_000), "otp_type": "sign-in",
                "delivery_preference": "sms", "expires_at": now.plus(LIFE).to_rfc3339(),
                "ip_address": "192.0.2.1", "user_agent": "neon-sms-relay dev bench",
            },
        });
        Self { number: number.into(), id: id.into(), body: body.to_string().into() }
    }

    /// The request, as Neon makes it.
    pub fn signed(&self, request: RequestBuilder, signer: &Signer, now: Timestamp) -> RequestBuilder {
        let signature = signer.sign(now, &self.body);
        self.with_headers(request, signer.kid(), &signature, now).body(self.body.clone())
    }

    /// The request of somebody who has not Neon's key; the `place` says what is wrong with it.
    pub fn forged(
        &self,
        request: RequestBuilder,
        signer: &Signer,
        stranger: &Signer,
        now: Timestamp,
        place: u64,
    ) -> RequestBuilder {
        let forgery = FORGERIES[(place % FORGERIES.len() as u64) as usize];
        let request = match forgery {
            Forgery::Signature => {
                self.with_headers(request, signer.kid(), &stranger.sign_as(signer, now, &self.body), now)
            }
            Forgery::Kid => self.with_headers(request, stranger.kid(), &stranger.sign(now, &self.body), now),
            Forgery::Timestamp => {
                let then = now.minus(TOO_OLD);
                self.with_headers(request, signer.kid(), &signer.sign(then, &self.body), then)
            }
            Forgery::Unsigned => request,
        };
        request.body(self.body.clone())
    }

    fn with_headers(
        &self,
        request: RequestBuilder,
        kid: &str,
        signature: &str,
        at: Timestamp,
    ) -> RequestBuilder {
        request
            .timeout(PATIENCE)
            .header("Content-Type", "application/json")
            .header("X-Neon-Signature", signature)
            .header("X-Neon-Signature-Kid", kid)
            .header("X-Neon-Timestamp", at.as_millis())
            .header("X-Neon-Event-Id", &*self.id)
            .header("X-Neon-Event-Type", "send.otp")
            .header("X-Neon-Delivery-Attempt", 1)
    }
}
