use super::*;

fn read(text: &str) -> Result<Vec<(String, String)>, DotenvError> {
    parse(text.as_bytes(), |name| (name == "OUTER").then(|| "outer".to_owned()))
}

fn values(text: &str) -> Vec<String> {
    read(text).unwrap().into_iter().map(|(_, value)| value).collect()
}

fn pairs(text: &str) -> Vec<String> {
    read(text).unwrap().into_iter().map(|(name, value)| format!("{name}={value}")).collect()
}

/// Field 4: a file that an editor on Windows wrote, and a file that a shell reads, too.
#[test]
fn a_file_is_read_whoever_wrote_it() {
    for text in [
        "A=1\nB=2\n",
        "A=1\nB=2",
        "A=1\r\nB=2\r\n",
        "\u{feff}A=1\nB=2",
        "\u{feff}# comment\r\nA=1\r\n\r\nB=2",
        "A=1   \nB=2\t",
        "export A=1\nexport   B=2",
        "  A = 1\n\n # x\n B =2 # two",
        "A='1'\r\nB=\"2\" \r\n",
    ] {
        assert_eq!(pairs(text), ["A=1", "B=2"], "{text:?}");
    }
    assert_eq!(pairs(""), Vec::<String>::new());
    assert_eq!(pairs("# only a comment"), Vec::<String>::new());
    assert_eq!(pairs("A=\nB=''\nC= # empty\nD=#d"), ["A=", "B=", "C=", "D=#d"]);
}

#[test]
fn quotes_keep_what_is_between_them() {
    assert_eq!(values("A='a b # $OUTER \\n'"), ["a b # $OUTER \\n"]);
    assert_eq!(
        values("A=\"a b # $OUTER ${OUTER} \\\"x\\\" \\$ a\\nb \\d\""),
        ["a b # outer outer \"x\" $ a\nb \\d"]
    );
    assert_eq!(values("A='one\r\ntwo'\nB=\"x\ny\""), ["one\ntwo", "x\ny"]);
    assert_eq!(values("A='\"Acme\"'"), ["\"Acme\""]);
    assert_eq!(values("A=a'b c'\"d\"e"), ["ab cde"]);
}

#[test]
fn a_bare_value_ends_at_a_blank_and_keeps_what_means_nothing() {
    assert_eq!(values("A=a#b\nB=$OUTER-${A}-$MISSING-$\nC=a\\b\\ c"), ["a#b", "outer-a#b--$", "a\\b c"]);
    assert_eq!(values("A=“Acme”"), ["“Acme”"]);
}

/// Field 4: the line of the fault, and not where the file ends.
#[test]
fn a_line_that_cannot_be_read_is_named_by_its_number() {
    for (text, expected) in [
        ("A=1\nAPP_NAME=Joe's\nB=2\nC=3\nD=4\nE=5\n", DotenvError::Unclosed(2)),
        ("A=1\nAPP_NAME=Joe's\nB=2\nC=Ann's\n", DotenvError::Unclosed(2)),
        ("A=1\n\nB='one\ntwo\n", DotenvError::Unclosed(3)),
        ("A=1\nB=two words", DotenvError::Malformed(2)),
        ("A='one\ntwo'\nB: 2", DotenvError::Malformed(3)),
        ("A=1\nB", DotenvError::Malformed(2)),
        ("1A=1", DotenvError::Malformed(1)),
        ("=1", DotenvError::Malformed(1)),
    ] {
        assert_eq!(read(text), Err(expected), "{text:?}");
    }
}

/// Field 4: what PowerShell's `>` writes.
#[test]
fn other_encodings_are_called_by_their_names() {
    let utf16: Vec<u8> = "A=1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [[&[0xff, 0xfe], &utf16[..]].concat(), utf16] {
        assert_eq!(parse(&bytes, |_| None), Err(DotenvError::Utf16));
    }
    assert_eq!(parse(b"A=1\nB=caf\xe9\n", |_| None), Err(DotenvError::NotUtf8(2)));
}
