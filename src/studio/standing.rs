//! How a delivery stands, in one word and one reason.

use super::words;
use crate::domain::{Reply, TextStatus, Timestamp};
use crate::store::Text;
use crate::store::texts::{Delivery, LoggedText};
use serde::Deserialize;
use sms_providers::{CodeRow, meaning};
use std::time::Duration;

/// Whoever has no answer for so long will get none: Neon gives an event up after 15 s.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The user got in.
    Verified,
    /// A text was taken and the code lives.
    Waiting,
    /// A text was taken, the code is dead, and nobody got in.
    Unverified,
    /// No text was taken, or the last report is of a failure.
    Failed,
    /// The limits refused it.
    Refused,
    /// It was answered with an error, and no text was asked for.
    Declined,
    /// It is worked on.
    Working,
    /// No attempt of Neon's led to an answer.
    Unanswered,
    /// It was taken note of: no text was wanted.
    Done,
}

/// How serious that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tone {
    /// Nothing to look at.
    Quiet,
    /// As it should be.
    Good,
    /// Worth a look.
    Warn,
    /// Wrong.
    Bad,
}

impl Standing {
    /// How this one stands now.
    pub fn of(delivery: &Delivery, now: Timestamp) -> Self {
        let last_taken = delivery.texts.iter().rev().find(|text| was_taken(text));
        if delivery.verified_at.is_some() {
            return Self::Verified;
        }
        if decision(delivery).is_some_and(|said| said.outcome == "refused") {
            return Self::Refused;
        }
        match last_taken {
            Some(text) if text.status.is_some_and(TextStatus::is_failure) => Self::Failed,
            Some(_) if delivery.dies_at() < now => Self::Unverified,
            Some(_) => Self::Waiting,
            None if !delivery.texts.is_empty() => Self::Failed,
            None => match &delivery.reply {
                None if now.since(delivery.came_at) < ANSWERED_WITHIN => Self::Working,
                None => Self::Unanswered,
                Some(Reply::Refused(_) | Reply::TryAgain(_)) => Self::Declined,
                Some(Reply::App { status, .. }) if *status >= 400 => Self::Declined,
                Some(Reply::Done(_) | Reply::App { .. }) => Self::Done,
            },
        }
    }

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Verified => "Verified",
            Self::Waiting => "Waiting",
            Self::Unverified => "Unverified",
            Self::Failed => "Failed",
            Self::Refused => "Refused",
            Self::Declined => "Declined",
            Self::Working => "Working",
            Self::Unanswered => "Unanswered",
            Self::Done => "Done",
        }
    }

    /// How serious it is.
    pub fn tone(self) -> Tone {
        match self {
            Self::Verified => Tone::Good,
            Self::Waiting | Self::Working | Self::Done => Tone::Quiet,
            Self::Unverified | Self::Refused => Tone::Warn,
            Self::Failed | Self::Declined | Self::Unanswered => Tone::Bad,
        }
    }
}

/// Whether its provider took it.
pub(super) fn was_taken(text: &LoggedText) -> bool {
    text.request.as_ref().is_some_and(Text::is_accepted)
}

/// Whether it is known to have come to nothing.
pub(super) fn came_to_nothing(text: &LoggedText) -> bool {
    text.request.as_ref().is_some_and(|request| !request.is_accepted() && text.status.is_none())
        || text.status.is_some_and(TextStatus::is_failure)
}

/// What the guard said, as the store has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Decision {
    /// `allowed`, `noted` or `refused`.
    pub outcome: String,
    /// By which rules.
    #[serde(default)]
    pub rules: Vec<String>,
}

/// What the guard said of it; `None` if nobody asked it.
pub(super) fn decision(delivery: &Delivery) -> Option<Decision> {
    serde_json::from_str(delivery.decision.as_ref()?).ok()
}

/// Why a text came to nothing: the provider's code, and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cause<'a> {
    /// The failure's class, or the status that was reported.
    pub word: &'a str,
    /// The provider's code.
    pub code: Option<&'a str>,
    /// What the code says; `None` for one that nobody knows.
    pub row: Option<&'static CodeRow>,
}

impl<'a> Cause<'a> {
    /// Of a text that came to nothing.
    pub fn of(text: &'a LoggedText) -> Option<Self> {
        if !came_to_nothing(text) {
            return None;
        }
        if let Some(status) = text.status.filter(|status| status.is_failure()) {
            let code = text.status_code.as_deref();
            let row = code.and_then(|code| meaning::of_report(text.provider, code));
            return Some(Self { word: status.as_str(), code, row });
        }
        let request = text.request.as_ref()?;
        let code = request.code.as_deref();
        let row = code.and_then(|code| meaning::of_answer(text.provider, code, &request.verdict));
        Some(Self { word: &request.verdict, code, row })
    }

    /// In our own words.
    pub fn meaning(&self) -> &'static str {
        match (self.row, self.code) {
            (Some(row), _) => row.meaning,
            (None, Some(_)) => "a code that is not in our tables",
            (None, None) => plain(self.word),
        }
    }

    /// What can be done about it.
    pub fn remedy(&self) -> Option<&'static str> {
        let hint = self.row.and_then(|row| row.hint);
        hint.or_else(|| meaning::remedy(self.word))
    }
}

/// What a class of failures, or a status, says without a code.
fn plain(word: &str) -> &'static str {
    match word {
        "bad_recipient" => "the number cannot get this text",
        "opted_out" => "the recipient asked for no texts",
        "fraud_held" => "held as fraud",
        "unreachable" => "not reached by this provider",
        "misconfigured" => "our account is not set up for it",
        "throttled" => "too many at once",
        "unavailable" => "the provider did not answer, or is down",
        "unknown" => "no verdict came back; it may have been sent",
        "undelivered" => "the carrier or the phone did not take it",
        "failed" => "it never left, or nobody knows more",
        "expired" => "it could not be delivered in time",
        _ => "no reason was given",
    }
}

/// The one reason why it stands as it does, where that is not as it should be.
pub(super) fn reason(delivery: &Delivery, standing: Standing) -> Option<String> {
    match standing {
        Standing::Failed => {
            let text = delivery.texts.iter().rev().find(|text| came_to_nothing(text))?;
            let cause = Cause::of(text)?;
            let code = cause.code.map(|code| format!("{} ", words::printable(code))).unwrap_or_default();
            Some(format!("{code}{}", cause.meaning()))
        }
        Standing::Refused => {
            let rules = decision(delivery)?.rules;
            let said = rules.first()?;
            Some(words::rule(said).map_or_else(|| words::printable(said), str::to_owned))
        }
        Standing::Declined => Some(match delivery.reply.as_ref()? {
            Reply::Refused(reason) => reason.problem().message.trim_end_matches('.').to_owned(),
            Reply::App { status, .. } => format!("the app answered {status}"),
            Reply::Done(_) | Reply::TryAgain(_) => return None,
        }),
        Standing::Unanswered => Some("no attempt led to an answer".to_owned()),
        Standing::Verified
        | Standing::Waiting
        | Standing::Unverified
        | Standing::Working
        | Standing::Done => None,
    }
}
