//! `.env` files as people have them: from any editor, with any line ends, for a shell or for a program.
//!
//! The grammar is that of dotenvy and of POSIX shells as far as they agree: `export` before a name, comments, single
//! quotes that keep everything, double ones in which `\n`, `\"` and `$NAME` mean something, values of several lines
//! between quotes. What differs: a quotation mark within a bare value has to be closed on its line, so that `Joe's`
//! is a fault of its own line and does not swallow the ones below.

use std::collections::HashMap;

/// Why a file cannot be read. `Display` goes on after the file's name, and holds nothing of a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DotenvError {
    /// Two bytes a letter, as Windows writes it.
    #[error("is UTF-16; save it as UTF-8")]
    Utf16,
    /// Another encoding.
    #[error("has a line that is not UTF-8: line {0}")]
    NotUtf8(usize),
    /// No name, no `=`, or more than a value.
    #[error("has a line that cannot be read: line {0}")]
    Malformed(usize),
    /// A quotation mark that nothing closes.
    #[error("has a line that cannot be read: line {0}: its quotation mark is not closed")]
    Unclosed(usize),
}

/// Reads names and values. `outer` is what `$NAME` stands for before the file's own lines do.
///
/// # Errors
/// The first line that cannot be read: a variable that silently is not set is worse than none.
pub fn parse(
    bytes: &[u8],
    outer: impl Fn(&str) -> Option<String>,
) -> Result<Vec<(String, String)>, DotenvError> {
    let text = decode(bytes)?;
    let mut reader = Reader { rest: text, line: 1, outer, known: HashMap::new() };
    let mut pairs = Vec::new();
    while !reader.rest.is_empty() {
        if let Some((name, value)) = reader.statement()? {
            reader.known.insert(name.clone(), value.clone());
            pairs.push((name, value));
        }
    }
    Ok(pairs)
}

fn decode(bytes: &[u8]) -> Result<&str, DotenvError> {
    // Without a mark, the zeros in the first letters tell.
    let is_utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    if is_utf16 || bytes.iter().take(64).any(|byte| *byte == 0) {
        return Err(DotenvError::Utf16);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let good = &bytes[..error.valid_up_to()];
        DotenvError::NotUtf8(1 + good.iter().filter(|byte| **byte == b'\n').count())
    })
}

struct Reader<'a, F> {
    rest: &'a str,
    line: usize,
    outer: F,
    known: HashMap<String, String>,
}

impl<F: Fn(&str) -> Option<String>> Reader<'_, F> {
    /// One line, or several if a value goes on; `None` for a comment or an empty one.
    fn statement(&mut self) -> Result<Option<(String, String)>, DotenvError> {
        let begin = self.line;
        self.skip_blanks();
        if self.ends_here() {
            return Ok(None);
        }
        let mut name = self.name();
        if name == "export" && self.skip_blanks() {
            name = self.name();
        }
        self.skip_blanks();
        if name.is_empty() || self.peek() != Some('=') {
            return Err(DotenvError::Malformed(begin));
        }
        self.next();
        // After a blank a # begins a comment; within a value it is a letter.
        let is_empty = self.skip_blanks() && self.peek() == Some('#');
        let value = if is_empty { String::new() } else { self.value()? };
        self.skip_blanks();
        if self.ends_here() { Ok(Some((name, value))) } else { Err(DotenvError::Malformed(begin)) }
    }

    fn value(&mut self) -> Result<String, DotenvError> {
        let mut value = String::new();
        loop {
            let begin = self.line;
            match self.peek() {
                Some(quote @ ('\'' | '"')) => {
                    let is_first = value.is_empty();
                    self.next();
                    self.quoted(quote, &mut value).ok_or(DotenvError::Unclosed(begin))?;
                    if !is_first && self.line > begin {
                        return Err(DotenvError::Unclosed(begin));
                    }
                }
                Some('\\') => self.escaped(&mut value, "\\'\"$ #"),
                Some('$') => self.substituted(&mut value),
                Some(letter) if !letter.is_whitespace() => {
                    value.push(letter);
                    self.next();
                }
                Some(_) | None => return Ok(value),
            }
        }
    }

    /// Up to the closing mark; `None` if there is none.
    fn quoted(&mut self, quote: char, value: &mut String) -> Option<()> {
        loop {
            match self.peek()? {
                letter if letter == quote => {
                    self.next();
                    return Some(());
                }
                '\\' if quote == '"' => self.escaped(value, "\\\"$'`"),
                '$' if quote == '"' => self.substituted(value),
                // A line break is one, whoever wrote it.
                '\r' if self.rest.starts_with("\r\n") => {
                    self.next();
                }
                letter => {
                    value.push(letter);
                    self.next();
                }
            }
        }
    }

    /// A backslash before what would otherwise mean something takes the meaning away; before `n` and `r` it is a line
    /// end; before anything else it is a backslash.
    fn escaped(&mut self, value: &mut String, special: &str) {
        self.next();
        match self.peek() {
            Some('n') => value.push('\n'),
            Some('r') => value.push('\r'),
            Some(letter) if special.contains(letter) => value.push(letter),
            Some(_) | None => {
                value.push('\\');
                return;
            }
        }
        self.next();
    }

    /// `$NAME` or `${NAME}`; a dollar before anything else is one.
    fn substituted(&mut self, value: &mut String) {
        self.next();
        let braced = self.rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let name = match braced {
            Some((name, rest)) if is_name(name) => {
                self.rest = rest;
                name.to_owned()
            }
            _ => self.name(),
        };
        if name.is_empty() {
            return value.push('$');
        }
        let known = (self.outer)(&name).or_else(|| self.known.get(&name).cloned());
        value.push_str(&known.unwrap_or_default());
    }

    fn name(&mut self) -> String {
        let end = self.rest.find(|letter: char| !is_of_name(letter)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if name.starts_with(|letter: char| letter.is_ascii_digit()) {
            return String::new();
        }
        self.rest = rest;
        name.to_owned()
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) {
        let mut letters = self.rest.chars();
        if letters.next() == Some('\n') {
            self.line += 1;
        }
        self.rest = letters.as_str();
    }

    /// Passes over blanks within the line; whether there were any.
    fn skip_blanks(&mut self) -> bool {
        let before = self.rest.len();
        self.rest = self.rest.trim_start_matches(|letter: char| letter.is_whitespace() && letter != '\n');
        self.rest.len() < before
    }

    /// Whether nothing but a comment is left of the line; passes over it then.
    fn ends_here(&mut self) -> bool {
        match self.peek() {
            None => {}
            Some('\n') => self.next(),
            Some('#') => {
                let end = self.rest.find('\n').unwrap_or(self.rest.len());
                self.rest = &self.rest[end..];
                self.next();
            }
            Some(_) => return false,
        }
        true
    }
}

fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == '.'
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(is_of_name)
        && !text.starts_with(|letter: char| letter.is_ascii_digit())
}

#[cfg(test)]
mod tests;
