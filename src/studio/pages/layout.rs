//! What every page has around it.

use crate::studio::form::TOKEN_FIELD;
use crate::studio::standing::Tone;
use maud::{DOCTYPE, Markup, html};

/// The pages that there are, by address and name.
const PAGES: [(&str, &str); 4] =
    [("/", "Health"), ("/deliveries", "Deliveries"), ("/outbox", "Outbox"), ("/limits", "Limits")];

/// What is around a page.
pub(in crate::studio) struct Frame<'a> {
    /// The address of the page in [`PAGES`] that it belongs to.
    pub active: &'a str,
    /// What forms carry.
    pub form_token: &'a str,
    /// Which store is shown.
    pub place: &'a str,
    /// How many things are wrong, and how much.
    pub wrong: Option<(Tone, usize)>,
    /// After how many seconds it is looked at again by a script; never without one.
    pub again_after: Option<u32>,
}

/// A whole page. The head of the document says its title, and `body` begins with its heading.
pub(in crate::studio) fn page(frame: &Frame<'_>, title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(title))
            body {
                a class="skip" href="#main" { "Skip to the page" }
                header class="top" {
                    div class="in" {
                        p class="mark" { "neon-sms-relay " b { "studio" } }
                        nav aria-label="Pages" id="pages" data-live {
                            @for (address, name) in PAGES {
                                a href=(address) aria-current=[(address == frame.active).then_some("page")] {
                                    (name)
                                    @if let Some((tone, count)) = frame.wrong.filter(|_| address == "/") {
                                        " " span class=(format!("count {}", super::parts::class(tone))) {
                                            (count) span class="unseen" { " wrong" }
                                        }
                                    }
                                }
                            }
                        }
                        form class="find" action="/find" method="post" role="search" autocomplete="off" {
                            (token(frame.form_token))
                            label class="unseen" for="find" { "Number, event id or reference" }
                            input id="find" name="wanted" placeholder="Number, event id or reference" required
                                spellcheck="false" autocapitalize="none" autocomplete="off" maxlength="200";
                            button { "Find" }
                        }
                    }
                }
                main id="main" class="in" tabindex="-1" data-again=[frame.again_after] { (body) }
                footer class="in" {
                    p { "Times are UTC. Store: " (frame.place) ". Version " (env!("CARGO_PKG_VERSION")) "." }
                    p class="live" hidden {
                        span id="live" role="status" aria-live="polite" {}
                        " " button type="button" id="pause" aria-pressed="false" { "Pause live updates" }
                    }
                    noscript { p { "Load the page again to see what is new." } }
                }
                script src="/live.js" defer {}
            }
        }
    }
}

/// A page with nothing around it, for whoever may not see more.
pub(in crate::studio) fn bare(what: &str, remedy: &str) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(what))
            body {
                main class="in bare" { h1 { (what) "." } p { (remedy) } p { a href="/" { "To the first page" } } }
            }
        }
    }
}

fn head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) " · neon-sms-relay studio" }
            link rel="icon" href="/icon.svg" type="image/svg+xml";
            link rel="stylesheet" href="/style.css";
        }
    }
}

/// What says that a form is ours.
pub(in crate::studio) fn token(form_token: &str) -> Markup {
    html! { input type="hidden" name=(TOKEN_FIELD) value=(form_token); }
}
