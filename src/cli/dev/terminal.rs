//! What `dev` says on the terminal: where everything is, and each text, for people without a browser.

use crate::cli::output::Output;
use crate::dev::DevServer;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use url::Url;

/// Lines that wait for a terminal that stands still; more are left out.
const BACKLOG: usize = 256;

/// The line about a text: to whom, and its code, or all of it if it has none.
pub(super) fn text_line(to: &str, body: &str) -> String {
    let words = body.split(|letter: char| !letter.is_ascii_alphanumeric());
    let code =
        words.into_iter().find(|word| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit()));
    let shown = code.map_or_else(
        || body.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect(),
        str::to_owned,
    );
    format!("SMS to {to}: {shown}")
}

/// Writes lines on a thread of their own, so that no text waits for a terminal that stands still. A line that
/// cannot be written is lost, and nothing else.
pub(super) fn lines() -> std::io::Result<SyncSender<String>> {
    let (lines, written) = sync_channel::<String>(BACKLOG);
    thread::Builder::new().name("texts".into()).spawn(move || {
        let mut out = Output::stdout();
        for line in written {
            let _ = out.line(line);
        }
    })?;
    Ok(lines)
}

/// What is said at the start.
pub(super) struct Welcome<'a> {
    pub dev: &'a DevServer,
    /// The relay's webhook.
    pub webhook: &'a Url,
    /// The user's own handler.
    pub app: Option<&'a Url>,
    /// Names of variables.
    pub ignored: &'a [String],
    /// Sentences.
    pub notes: &'a [String],
}

impl Welcome<'_> {
    pub fn text(&self) -> String {
        let (inbox, neon, webhook) = (self.dev.inbox_url(), self.dev.neon_url(), self.webhook);
        let app = self.app.map_or_else(
            || "none; set FORWARD_URL=http://localhost:… to your own webhook handler".to_owned(),
            |url| format!("{}{}", url.origin().ascii_serialization(), url.path()),
        );
        let notes: String = self.notes.iter().map(|note| format!("\n  {note}\n")).collect();
        let ignored = match self.ignored {
            [] => String::new(),
            names => format!("  Ignored    {} (dev has its own)\n", names.join(", ")),
        };
        let curl = |path: &str, body: &str| {
            format!("curl -sS {neon}/phone-number/{path} -H 'Content-Type: application/json' -d '{body}'")
        };
        let send = curl("send-otp", r#"{"phoneNumber":"+15551234567"}"#);
        let verify = curl("verify", r#"{"phoneNumber":"+15551234567","code":"CODE"}"#);
        format!(
            "
  neon-sms-relay is ready. Open this page, enter any number, and sign in:

      {inbox}
{notes}
  Relay      {webhook}
  Neon Auth  {neon} (emulated)
  Your app   {app}
{ignored}
  Or from another terminal; the code appears in this one:

      {send}
      {verify}

  Ctrl-C stops everything. Nothing is sent to anybody, and nothing is kept.
"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_about_a_text_shows_its_code() {
        for (body, expected) in [
            ("Your Acme code is 101749. It expires in 5 min.\n\n@acme.example #101749", "101749"),
            ("Acme Dev: 042137", "042137"),
            ("1234567 is no code, ab123456 neither\u{1b}[2J\n", "1234567 is no code, ab123456 neither [2J "),
        ] {
            assert_eq!(text_line("+15551234567", body), format!("SMS to +15551234567: {expected}"));
        }
    }
}
