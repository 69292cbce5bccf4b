//! What the vendor of `dev` reports later of a text that it took, where that is planned.

use crate::dev::faults::Reported;
use crate::tasks::Tasks;
use serde::{Deserialize, Serialize};
use sms_providers::{
    CallbackError, DeliveryStatus, FailureKind, ProviderName, RawCallback, Report, SmsMessage,
    StatusCallback, StatusUpdate, Subject, VendorCode,
};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};
use uuid::Uuid;

/// Vendors take a moment, and no report comes before the answer to the send.
const MOMENT: Duration = Duration::from_secs(1);
/// The header of the key.
const KEY: &str = "x-inbox-key";

/// Sends reports to the relay and tells them from anybody's. Clones are one.
#[derive(Clone)]
pub(super) struct Reports {
    key: Arc<str>,
    means: Arc<OnceLock<(reqwest::Client, Tasks)>>,
}

#[derive(Serialize, Deserialize)]
struct Body {
    status: Reported,
}

impl Reports {
    pub fn new() -> Self {
        Self { key: Uuid::new_v4().to_string().into(), means: Arc::default() }
    }

    /// Gives it what it needs to send; until then it sends nothing.
    pub fn send_by(&self, http: reqwest::Client, tasks: Tasks) {
        // The first is as good as another.
        let _ = self.means.set((http, tasks));
    }

    /// Reports this of a text, a moment later. Where nobody asked for reports there are none.
    pub fn report(&self, message: &SmsMessage, status: Reported) {
        let (Some((http, tasks)), Some(url)) = (self.means.get(), message.status_url(ProviderName::Inbox))
        else {
            return;
        };
        let request = http.post(url).header(KEY, &*self.key).json(&Body { status });
        tasks.spawn_until_drain(async move {
            tokio::time::sleep(MOMENT).await;
            if let Err(error) = request.send().await {
                tracing::warn!(%error, "the inbox could not report");
            }
        });
    }
}

impl StatusCallback for Reports {
    fn verify(&self, raw: &RawCallback<'_>, _now: SystemTime) -> Result<Option<Report>, CallbackError> {
        let key = raw.headers.iter().find(|(name, _)| name == KEY).ok_or(CallbackError::Unsigned)?;
        if *key.1 != *self.key {
            return Err(CallbackError::WrongSignature);
        }
        let body: Body = serde_json::from_slice(raw.body).map_err(|_| CallbackError::Malformed)?;
        let mut update = StatusUpdate::new(body.status.status());
        // One that another try may mend.
        let failed = [DeliveryStatus::Undelivered, DeliveryStatus::Failed].contains(&update.status);
        update.kind = failed.then_some(FailureKind::Unavailable);
        let word = VendorCode::new(update.status);
        Ok(Some(Report { about: Subject::Address, message_id: None, word, update: Some(update) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_report_of_its_own_is_believed() {
        let reports = Reports::new();
        let verify = |headers: &[(String, String)], body: &str| {
            let url = "http://127.0.0.1/callbacks/inbox/ref";
            reports.verify(&RawCallback { url, headers, body: body.as_bytes() }, SystemTime::UNIX_EPOCH)
        };
        let key = |key: &str| [(KEY.to_owned(), key.to_owned())];
        let failed = r#"{"status":"failed"}"#;
        assert_eq!(verify(&[], failed), Err(CallbackError::Unsigned));
        assert_eq!(verify(&key("guessed"), failed), Err(CallbackError::WrongSignature));
        assert_eq!(verify(&key(&reports.key), "{}"), Err(CallbackError::Malformed));
        let update = verify(&key(&reports.key), failed).unwrap().unwrap().update.unwrap();
        assert_eq!((update.status, update.kind), (DeliveryStatus::Failed, Some(FailureKind::Unavailable)));
    }
}
