//! The programs that make tunnels: how each is started, and how it says where the tunnel begins.

use clap::ValueEnum;
use serde::Deserialize;
use std::fmt;
use url::Url;

/// Cloudflare's host of quick tunnels; `api` is the one that lends the others.
const CLOUDFLARE: &str = ".trycloudflare.com";
const CLOUDFLARE_API: &str = "api.trycloudflare.com";

/// A program that makes this machine's port reachable by everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TunnelProgram {
    /// Cloudflare's; a quick tunnel needs no account.
    Cloudflared,
    /// ngrok's; it needs an account.
    Ngrok,
}

impl fmt::Display for TunnelProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A line of ngrok's log.
#[derive(Deserialize)]
struct NgrokLine {
    url: Option<String>,
    err: Option<String>,
    msg: Option<String>,
}

impl TunnelProgram {
    /// Its name in `PATH`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cloudflared => "cloudflared",
            Self::Ngrok => "ngrok",
        }
    }

    /// Where to have it from.
    pub fn home(self) -> &'static str {
        match self {
            Self::Cloudflared => "https://github.com/cloudflare/cloudflared/releases",
            Self::Ngrok => "https://ngrok.com/download",
        }
    }

    /// What usually helps if it ends early.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Cloudflared => "a config.yml in ~/.cloudflared is in the way of quick tunnels",
            Self::Ngrok => "`ngrok config add-authtoken` once, and no other ngrok of the same account",
        }
    }

    /// The arguments for a tunnel to `port` of 127.0.0.1.
    pub(super) fn arguments(self, port: u16) -> Vec<String> {
        // In figures: `localhost` may be ::1, where nobody listens.
        let address = format!("127.0.0.1:{port}");
        let words: Vec<&str> = match self {
            // https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/do-more-with-tunnels/trycloudflare/
            Self::Cloudflared => vec!["tunnel", "--no-autoupdate", "--url"],
            // https://ngrok.com/docs/agent/cli#ngrok-http
            Self::Ngrok => vec!["http", &address, "--log", "stdout", "--log-format", "json"],
        };
        let mut arguments: Vec<_> = words.into_iter().map(str::to_owned).collect();
        if self == Self::Cloudflared {
            arguments.push(format!("http://{address}"));
        }
        arguments
    }

    /// The tunnel's URL, if this line of either output says it.
    pub(super) fn url_in(self, line: &str) -> Option<Url> {
        match self {
            Self::Cloudflared => https_urls(line).find(|url| {
                let host = url.host_str().unwrap_or_default();
                host.ends_with(CLOUDFLARE) && host != CLOUDFLARE_API
            }),
            Self::Ngrok => {
                let said = match serde_json::from_str::<NgrokLine>(line) {
                    Ok(line) => line.url?,
                    // Its other format, where a configuration file asks for that: … url=https://…
                    Err(_) => line.split_whitespace().find_map(|word| word.strip_prefix("url="))?.to_owned(),
                };
                let url = Url::parse(said.trim_matches('"')).ok()?;
                (url.scheme() == "https").then_some(url)
            }
        }
    }

    /// Whether this line, once the address was said, says that it leads here by now.
    pub(super) fn is_up_by(self, line: &str) -> bool {
        match self {
            Self::Cloudflared => line.contains("Registered tunnel connection"),
            Self::Ngrok => true,
        }
    }

    /// What a person should read of a line: no time, no control characters, and no line of ngrok's that repeats
    /// the token it was given.
    pub(super) fn words_of(self, line: &str) -> Option<String> {
        let said = match (self, serde_json::from_str::<NgrokLine>(line)) {
            (Self::Ngrok, Ok(NgrokLine { err, msg, .. })) => {
                let err = err.filter(|err| !err.is_empty() && err != "<nil>");
                err.or(msg)?.lines().next()?.to_owned()
            }
            _ => line.to_owned(),
        };
        let plain: String =
            said.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        let plain = plain.trim();
        let is_time = |word: &str| word.starts_with("20") && word.ends_with('Z');
        let plain = match plain.split_once(' ') {
            Some((time, rest)) if is_time(time) => rest.trim_start(),
            _ => plain,
        };
        let repeats_the_token = plain.to_ascii_lowercase().contains("your authtoken");
        (!plain.is_empty() && !repeats_the_token).then(|| plain.chars().take(300).collect())
    }
}

/// Whatever in a line reads as such a URL, in frames or between bars, too.
fn https_urls(line: &str) -> impl Iterator<Item = Url> + '_ {
    line.match_indices("https://").filter_map(|(at, _)| {
        let rest = &line[at..];
        let end = rest.find(|letter: char| {
            letter.is_whitespace() || letter.is_control() || ['|', '"', '\'', '<', '>', ')'].contains(&letter)
        });
        Url::parse(&rest[..end.unwrap_or(rest.len())]).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use TunnelProgram::{Cloudflared, Ngrok};

    fn url(program: TunnelProgram, line: &str) -> Option<String> {
        program.url_in(line).map(|url| url.to_string())
    }

    #[test]
    fn the_address_is_found_in_what_each_program_prints_and_nothing_else_is_taken_for_it() {
        let expected = Some("https://brave-new-world.trycloudflare.com/".to_owned());
        for line in [
            "2026-11-25T17:00:00Z INF |  https://brave-new-world.trycloudflare.com                 |",
            "\u{1b}[90m2026-11-25T17:00:00Z\u{1b}[0m INF https://brave-new-world.trycloudflare.com\u{1b}[0m",
            r#"{"level":"info","message":"|  https://brave-new-world.trycloudflare.com  |"}"#,
        ] {
            assert_eq!(url(Cloudflared, line), expected, "{line}");
        }
        for line in [
            "Doing so is subject to the Terms (https://www.cloudflare.com/website-terms/)",
            r#"ERR failed to request quick Tunnel: Post "https://api.trycloudflare.com/tunnel": EOF"#,
            "INF |  http://brave-new-world.trycloudflare.com |",
            "INF https://trycloudflare.com.example.com https://",
        ] {
            assert_eq!(url(Cloudflared, line), None, "{line}");
        }
        let expected = Some("https://ab12.ngrok-free.app/".to_owned());
        for line in [
            r#"{"addr":"http://127.0.0.1:8080","lvl":"info","msg":"started tunnel","url":"https://ab12.ngrok-free.app"}"#,
            r#"t=2026-11-25T17:00:00+0000 lvl=info msg="started tunnel" url=https://ab12.ngrok-free.app"#,
        ] {
            assert_eq!(url(Ngrok, line), expected, "{line}");
        }
        for line in [
            r#"{"addr":"127.0.0.1:4040","lvl":"info","msg":"starting web service"}"#,
            r#"{"lvl":"info","msg":"started tunnel","url":"http://ab12.ngrok-free.app"}"#,
            "https://dashboard.ngrok.com/get-started/your-authtoken",
        ] {
            assert_eq!(url(Ngrok, line), None, "{line}");
        }
    }

    #[test]
    fn what_is_repeated_of_a_program_is_one_plain_line_without_a_token() {
        for (program, line, expected) in [
            (
                Cloudflared,
                "2026-11-25T17:00:00Z ERR \u{1b}[2J no quick tunnels",
                Some("ERR  [2J no quick tunnels"),
            ),
            (
                Ngrok,
                r#"{"err":"authentication failed: not a token.\nYour authtoken: s3cret\nERR_NGROK_105","lvl":"eror"}"#,
                Some("authentication failed: not a token."),
            ),
            (Ngrok, "ERROR:  Your authtoken: s3cret", None),
            (Ngrok, r#"{"err":"<nil>","msg":"tunnel session started"}"#, Some("tunnel session started")),
            (Cloudflared, "   ", None),
        ] {
            assert_eq!(program.words_of(line).as_deref(), expected, "{line}");
        }
    }
}
