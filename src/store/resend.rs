//! Another text in place of one that did not arrive: that it begins once, and is written down once.

use super::Text;

/// Why a text is to be made good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It was reported as failed.
    Failed,
    /// Nothing final was reported of it.
    Silent,
}

/// Numbers that are kept for the requests of a resend. Until they are used up or given back, no other begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resend {
    /// The first one.
    pub first: u8,
    /// One more than is needed, so that nobody takes the last request for the end.
    pub(super) end: u8,
}

impl Resend {
    /// From what is given away once they are kept.
    pub(super) fn of(numbered: u8, requests: u8) -> Self {
        Self { first: numbered.saturating_sub(requests), end: numbered }
    }

    /// What is given away once these requests were made.
    pub(super) fn numbered(self, made: &[Text]) -> u8 {
        made.last().map_or(self.first.saturating_sub(1), |text| text.number)
    }
}
