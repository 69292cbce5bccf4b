//! A private key as it arrives in one variable: PEM with or without its line breaks, base64 of it, or a path.

use super::Vars;
use aws_lc_rs::rsa::KeyPair as RsaKey;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::SecretString;
use sms_providers::vonage::ApplicationKey;
use std::io::ErrorKind;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// DER of the object identifiers of elliptic curve keys and of Ed25519.
const OTHER_ALGORITHMS: [&[u8]; 2] =
    [&[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01], &[0x06, 0x03, 0x2b, 0x65, 0x70]];

/// Why there is no key. `Display` goes on after the variable's name, and holds nothing of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum KeyFault {
    #[error("is a public key")]
    Public,
    #[error("is encrypted under a passphrase")]
    Encrypted,
    #[error("is a key of another kind than RSA")]
    OtherAlgorithm,
    #[error("is a certificate")]
    Certificate,
    #[error("is a key in OpenSSH's own form")]
    OpenSsh,
    #[error("is the path of a file that does not exist, or neither PEM nor base64 of it")]
    NoFile,
    #[error("is the path of a folder")]
    Folder,
    #[error("is the path of a file that this user may not read")]
    NotAllowed,
    #[error("is the path of a file that holds no private key")]
    NotAKeyFile,
    #[error("begins like a private key and is none: it may be cut off")]
    Damaged,
}

impl KeyFault {
    /// What to do.
    pub(super) fn remedy(self) -> &'static str {
        match self {
            Self::Public => "set the private key that the Vonage dashboard generated with it (private.key)",
            Self::Encrypted => "decrypt it: openssl pkey -in private.key -out decrypted.key",
            Self::OtherAlgorithm => "set the RSA key that the Vonage dashboard generated for the application",
            Self::Certificate => "set the private key (BEGIN PRIVATE KEY) in its place",
            Self::OpenSsh => "convert it: ssh-keygen -p -m PEM -f private.key",
            Self::NoFile => {
                "set the key's text, base64 of it, or the path of a file that is there; in a container, mount it"
            }
            Self::Folder => "set the path of the file itself",
            Self::NotAllowed => "let the user that runs the relay read it",
            Self::NotAKeyFile => "set the path of the private key that the Vonage dashboard generated",
            Self::Damaged => "copy it again, from -----BEGIN to the last dash",
        }
    }
}

/// Reads the key. `~` at the beginning of a path is `HOME`.
pub(super) fn read(text: &str, vars: &Vars) -> Result<ApplicationKey, KeyFault> {
    match find(text) {
        Some(found) => found,
        None => {
            let bytes = std::fs::read(vars.path(text)).map_err(|error| match error.kind() {
                ErrorKind::IsADirectory => KeyFault::Folder,
                ErrorKind::PermissionDenied => KeyFault::NotAllowed,
                _ => KeyFault::NoFile,
            })?;
            let text = String::from_utf8(bytes).map_err(|_| KeyFault::NotAKeyFile)?;
            find(text.trim_start_matches('\u{feff}').trim()).unwrap_or(Err(KeyFault::NotAKeyFile))
        }
    }
}

/// The key in a text; `None` if the text is something else.
fn find(text: &str) -> Option<Result<ApplicationKey, KeyFault>> {
    if text.contains("-----BEGIN") {
        return Some(from_pem(text));
    }
    let decoded = decode(text)?;
    match std::str::from_utf8(&decoded) {
        Ok(pem) if pem.contains("-----BEGIN") => Some(from_pem(pem)),
        // The lines between the dashes alone.
        _ if decoded.starts_with(&[0x30, 0x82]) => Some(from_der(&decoded)),
        _ => None,
    }
}

/// Line breaks may be missing, blanks, or written as `\n` and `\r`.
fn from_pem(text: &str) -> Result<ApplicationKey, KeyFault> {
    let (_, rest) = text.split_once("-----BEGIN ").ok_or(KeyFault::Damaged)?;
    let (label, rest) = rest.split_once("-----").ok_or(KeyFault::Damaged)?;
    match label {
        "PUBLIC KEY" | "RSA PUBLIC KEY" => return Err(KeyFault::Public),
        "ENCRYPTED PRIVATE KEY" => return Err(KeyFault::Encrypted),
        "EC PRIVATE KEY" | "EC PARAMETERS" | "DSA PRIVATE KEY" => return Err(KeyFault::OtherAlgorithm),
        "CERTIFICATE" => return Err(KeyFault::Certificate),
        "OPENSSH PRIVATE KEY" => return Err(KeyFault::OpenSsh),
        _ => {}
    }
    let (body, _) = rest.split_once("-----END").ok_or(KeyFault::Damaged)?;
    if body.contains("ENCRYPTED") {
        return Err(KeyFault::Encrypted);
    }
    let body = body.replace("\\r", "").replace("\\n", "");
    from_der(&decode(&body).ok_or(KeyFault::Damaged)?)
}

/// PKCS#8, or the older form that knows RSA alone. The label is not trusted: people write it by hand.
fn from_der(der: &[u8]) -> Result<ApplicationKey, KeyFault> {
    let label = if RsaKey::from_pkcs8(der).is_ok() {
        "PRIVATE KEY"
    } else if RsaKey::from_der(der).is_ok() {
        "RSA PRIVATE KEY"
    } else {
        let head = &der[..der.len().min(40)];
        let is = |id: &&[u8]| head.windows(id.len()).any(|window| window == *id);
        let is_other = OTHER_ALGORITHMS.iter().any(is);
        return Err(if is_other { KeyFault::OtherAlgorithm } else { KeyFault::Damaged });
    };
    ApplicationKey::from_pem(&pem(der, label)).map_err(|_| KeyFault::Damaged)
}

fn pem(der: &[u8], label: &str) -> SecretString {
    let body = BASE64.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for (at, letter) in body.char_indices() {
        if at > 0 && at % 64 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push_str(&format!("\n-----END {label}-----\n"));
    text.into()
}

/// Base64 of either alphabet, with whatever blanks in it.
fn decode(text: &str) -> Option<Vec<u8>> {
    let letters: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    BASE64.decode(letters.replace('-', "+").replace('_', "/")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = include_str!("../../fixtures/vonage/application.pem");

    fn fault(text: &str) -> Option<KeyFault> {
        read(text, &Vars::new([("HOME".to_owned(), "/not/there".to_owned())])).err()
    }

    fn wrapped(text: &str, at: usize, by: &str) -> String {
        let lines: Vec<_> =
            text.as_bytes().chunks(at).map(|line| std::str::from_utf8(line).unwrap()).collect();
        lines.join(by)
    }

    /// Field 9: one key, as files, secret stores and dashboards hand it on.
    #[test]
    fn a_key_is_read_whatever_became_of_its_line_breaks() {
        let encoded = BASE64.encode(PEM);
        let body: String = PEM.lines().filter(|line| !line.starts_with("-----")).collect();
        for text in [
            PEM.to_owned(),
            PEM.trim().to_owned(),
            PEM.replace('\n', "\r\n"),
            PEM.replace('\n', "\\n"),
            PEM.replace('\n', "\\r\\n"),
            PEM.replace('\n', " "),
            PEM.replace('\n', ""),
            format!("Bag Attributes\n{PEM}"),
            encoded.clone(),
            encoded.trim_end_matches('=').to_owned(),
            wrapped(&encoded, 76, "\n"),
            wrapped(&encoded, 76, "\r\n"),
            wrapped(&encoded, 76, " "),
            encoded.replace('+', "-").replace('/', "_"),
            body,
        ] {
            assert_eq!(fault(&text), None, "{text}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k.pem");
        std::fs::write(&path, format!("\u{feff}{}", PEM.replace('\n', "\r\n"))).unwrap();
        assert_eq!(fault(path.to_str().unwrap()), None);
        let vars = Vars::new([("HOME".to_owned(), folder.path().to_str().unwrap().to_owned())]);
        assert_eq!(read("~/k.pem", &vars).err(), None);
    }

    /// Field 9: what is no RSA private key is called by its name.
    #[test]
    fn each_wrong_key_is_told_apart() {
        const EC: &str = include_str!("../../fixtures/tls/server.key");
        let folder = tempfile::tempdir().unwrap();
        let junk = folder.path().join("junk");
        std::fs::write(&junk, "s3cret").unwrap();
        let labelled = |label: &str| PEM.replace("PRIVATE KEY", label);
        for (text, expected) in [
            (include_str!("../../fixtures/vonage/application.pub.pem").to_owned(), KeyFault::Public),
            (labelled("ENCRYPTED PRIVATE KEY"), KeyFault::Encrypted),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----".to_owned(),
                KeyFault::Encrypted,
            ),
            (labelled("EC PRIVATE KEY"), KeyFault::OtherAlgorithm),
            (EC.to_owned(), KeyFault::OtherAlgorithm),
            (labelled("OPENSSH PRIVATE KEY"), KeyFault::OpenSsh),
            (include_str!("../../fixtures/tls/server.pem").to_owned(), KeyFault::Certificate),
            ("~/k.pem".to_owned(), KeyFault::NoFile),
            ("s3cret".to_owned(), KeyFault::NoFile),
            (folder.path().to_str().unwrap().to_owned(), KeyFault::Folder),
            (junk.to_str().unwrap().to_owned(), KeyFault::NotAKeyFile),
            (PEM[..400].to_owned(), KeyFault::Damaged),
        ] {
            assert_eq!(fault(&text), Some(expected), "{text}");
            assert!(!expected.to_string().is_empty() && !expected.remedy().is_empty());
        }
    }
}
