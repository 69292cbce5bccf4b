//! The variables of the server, as its help lists them.

use crate::config::variables::{OF_FILE, Section, VARIABLES, secrets};
use std::fmt::Write;

/// No line of help is longer.
const WIDTH: usize = 100;

/// Every variable of `serve`, by what it is about, and those that name files of secrets.
pub(super) fn listed() -> String {
    let mut text = String::from("Variables:\n");
    let mut section = None;
    for variable in VARIABLES.iter().filter(|variable| variable.section != Section::Development) {
        if section != Some(variable.section) {
            section = Some(variable.section);
            say(&mut text, format_args!("\n  {}:\n", variable.section.title()));
        }
        say(&mut text, format_args!("    {}\n", variable.name));
        let default = match variable.default {
            "" => String::new(),
            "required" => " [required]".to_owned(),
            default => format!(" [default: {default}]"),
        };
        wrapped(&mut text, 8, &format!("{}{default}", variable.meaning).replace('`', ""));
    }
    let files: Vec<_> = secrets().map(|secret| format!("{}{OF_FILE}", secret.name)).collect();
    text.push_str("\nSecrets from files:\n");
    wrapped(&mut text, 2, &files.join(", "));
    text.trim_end().to_owned()
}

/// Lines of at most [`WIDTH`] letters, each behind so many blanks.
fn wrapped(text: &mut String, blanks: usize, words: &str) {
    let mut length = WIDTH;
    for word in words.split(' ') {
        let letters = word.chars().count();
        if length + 1 + letters > WIDTH {
            let line_break = if length == WIDTH && text.ends_with('\n') { "" } else { "\n" };
            say(text, format_args!("{line_break}{:blanks$}{word}", ""));
            length = blanks + letters;
        } else {
            say(text, format_args!(" {word}"));
            length += 1 + letters;
        }
    }
    text.push('\n');
}

fn say(text: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a String does not fail.
    let _ = text.write_fmt(words);
}
