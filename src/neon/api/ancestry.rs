//! Where a branch comes from: it begins with the webhook of the branch that it was made of.

use serde::Deserialize;

/// From which other branch one came.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Ancestry {
    /// The id of the branch that it was made of; none for the first of a project.
    pub parent_id: Option<String>,
}

/// The reply about one branch.
#[derive(Deserialize)]
pub(super) struct Described {
    pub branch: Ancestry,
}
