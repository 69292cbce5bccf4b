//! What a verified callback says, and about which text.

use crate::provider::id_like;
use crate::{DeliveryStatus, MessageRef, StatusUpdate, VendorCode};

/// One verified callback about one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Which text.
    pub about: Subject,
    /// The vendor's id of that text, if the report has one. It may come before the reply to the send does.
    pub message_id: Option<String>,
    /// What the vendor calls the status; `None` if that is no word.
    pub word: Option<VendorCode>,
    /// What is new; `None` if nobody knows the word, which then changes nothing.
    pub update: Option<StatusUpdate>,
}

/// Which text a report is about, as far as its signature vouches for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The one whose address it came to: the signature covers the address.
    Address,
    /// The one of this reference. The signature does not cover the address, so an address that names another
    /// text is a reason to refuse the report.
    Reference(MessageRef),
    /// The one that the vendor knows by this id. It came to the address of no text.
    MessageId(String),
}

impl Report {
    /// A report that says `word`, and what that means if somebody knows it.
    pub(crate) fn new(about: Subject, word: &str, update: Option<StatusUpdate>) -> Self {
        Self { about, message_id: None, word: VendorCode::new(word), update }
    }

    /// The same with the vendor's id of the text, if it is id-like.
    pub(crate) fn with_message_id(self, id: Option<&str>) -> Self {
        Self { message_id: id_like(id), ..self }
    }

    /// The new status, if somebody knows the word.
    pub fn status(&self) -> Option<DeliveryStatus> {
        self.update.as_ref().map(|update| update.status)
    }
}

impl Subject {
    /// What a report to one address for all texts is about: our reference, or else the vendor's id; `None`
    /// without either.
    pub(crate) fn of(reference: Option<&str>, message_id: Option<&str>) -> Option<Self> {
        let by_reference = reference.and_then(MessageRef::from_wire).map(Self::Reference);
        by_reference.or_else(|| id_like(message_id).map(Self::MessageId))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_reference_goes_before_the_vendors_id_and_what_cannot_be_ours_is_none() {
        let reference = |text: &str| Some(Subject::Reference(MessageRef::new(text)));
        let id = Some(Subject::MessageId("sms_1".into()));
        assert_eq!(Subject::of(Some("0d9c-1"), Some("sms_1")), reference("0d9c-1"));
        assert_eq!(Subject::of(Some("Order #7"), Some("sms_1")), id);
        assert_eq!(Subject::of(Some(&"a".repeat(101)), Some("sms_1")), id);
        assert_eq!(Subject::of(Some(""), Some("sms_1")), id);
        assert_eq!(Subject::of(None, Some("+15551234567 said")), None);
        assert_eq!(Subject::of(None, None), None);
    }
}
