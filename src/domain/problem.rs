//! What is said of something that went wrong, to everybody: Neon, the metrics, the operator. Each is written once.

/// One way to go wrong, as all who hear of it know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The code in an answer's `error` field, in stores and in metrics: snake case, and for ever.
    pub code: &'static str,
    /// The HTTP status of the answer. Never 429 and never 408: Neon would try again at once.
    pub status: u16,
    /// The sentence of the answer; fixed, so that nothing of a request, a provider or a store appears in it.
    pub message: &'static str,
    /// How loud it is.
    pub severity: Severity,
    /// What the operator can do about it.
    pub remedy: &'static str,
}

/// How loud a problem is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A user's or a stranger's doing, or the network's: nothing to be done unless there are many.
    Notice,
    /// Users are locked out until somebody does something.
    Alarm,
}

impl Problem {
    /// A problem that is loud only in numbers.
    pub const fn notice(
        code: &'static str,
        status: u16,
        message: &'static str,
        remedy: &'static str,
    ) -> Self {
        Self { code, status, message, severity: Severity::Notice, remedy }
    }

    /// A problem that somebody has to mend.
    pub const fn alarm(code: &'static str, status: u16, message: &'static str, remedy: &'static str) -> Self {
        Self { code, status, message, severity: Severity::Alarm, remedy }
    }
}
