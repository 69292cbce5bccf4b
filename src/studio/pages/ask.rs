//! Asks before anything is changed. Nothing is until the form here is sent.

use super::layout;
use maud::{Markup, html};

/// What is asked.
pub(in crate::studio) struct Question<'a> {
    /// What is about to be done, as a question.
    pub title: &'a str,
    /// What that means.
    pub meaning: &'a str,
    /// Where the form goes, which is where it is shown.
    pub address: &'a str,
    /// What the form says beside its token.
    pub fields: &'a [(&'a str, &'a str)],
    /// What the button says.
    pub yes: &'a str,
    /// Whether it cannot be undone.
    pub is_final: bool,
    /// Where to go instead.
    pub back: &'a str,
}

pub(in crate::studio) fn page(question: &Question<'_>, form_token: &str) -> Markup {
    html! {
        h1 { (question.title) }
        p class="lead" { (question.meaning) }
        form class="ask" action=(question.address) method="post" {
            (layout::token(form_token))
            @for (name, value) in question.fields { input type="hidden" name=(name) value=(value); }
            button class=[question.is_final.then_some("danger")] { (question.yes) }
            a href=(question.back) { "Do nothing" }
        }
    }
}
