//! What the targets share: inputs that are nearly right, and what must never be seen in what is said about them.

pub mod signers;

/// The number and the code that stand in the seeds.
pub const NUMBER: &str = "15551234567";
/// See [`NUMBER`].
pub const CODE: &str = "042137";
/// Every secret in the targets' settings holds this.
pub const SECRET: &str = "s3cr3t-of-the-account";

/// One of the seeds, spoilt as the recipe says: parts of it overwritten, repeated, left out. An empty recipe gives the
/// first seed as it is; one that begins with 255 gives its own bytes.
///
/// Whatever bytes a machine makes up, most of them are no JSON. Those that begin with something good get further in.
pub fn spoilt(seeds: &[&[u8]], recipe: &[u8]) -> Vec<u8> {
    let Some((&first, edits)) = recipe.split_first() else { return seeds[0].to_vec() };
    if first == 255 {
        return edits.to_vec();
    }
    let mut bytes = seeds[usize::from(first) % seeds.len()].to_vec();
    for edit in edits.chunks_exact(5) {
        if bytes.is_empty() {
            break;
        }
        let at = usize::from(u16::from_le_bytes([edit[1], edit[2]])) % bytes.len();
        let length = usize::from(edit[3] % 32).min(bytes.len() - at);
        match edit[0] % 7 {
            0 => bytes[at] = edit[4],
            1 => bytes[at] ^= 1 << (edit[4] % 8),
            2 => bytes.insert(at, edit[4]),
            3 => drop(bytes.drain(at..at + length)),
            4 => {
                let part = bytes[at..at + length].to_vec();
                let to = usize::from(edit[4]) % bytes.len();
                bytes.splice(to..to, part);
            }
            5 => {
                let word: &[u8] = WORDS[usize::from(edit[4]) % WORDS.len()];
                bytes.splice(at..at + length, word.iter().copied());
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}

/// What parsers trip over.
const WORDS: [&[u8]; 24] = [
    b"null",
    b"{}",
    b"[]",
    b"\"\"",
    b"0",
    b"-1",
    b"1e999",
    b"18446744073709551616",
    b"true",
    b"\\u0000",
    b"\xff\xfe",
    b"+15551234567",
    b"042137",
    b"%00",
    b"&",
    b"=",
    b".",
    b"\r\n",
    b"'",
    b"\"",
    b"${",
    b"{{",
    b"}}",
    b"{%",
];

/// Holds what is said about an input to what must not be in it.
///
/// # Panics
/// If there is a number, a code or a secret in it, or more than anybody reads.
pub fn assert_says_nothing(said: &str) {
    for held in [NUMBER, CODE, SECRET] {
        assert!(!said.contains(held), "{said}");
    }
    assert!(said.len() < 2_000, "{} bytes: {}…", said.len(), said.chars().take(200).collect::<String>());
}

/// The same bytes with one bit of them the other way round.
pub fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if !bytes.is_empty() {
        let bit = bit % (bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    bytes
}
