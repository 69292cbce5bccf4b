//! `NAME_FILE`: a secret from a file, as Docker, Kubernetes and systemd hand secrets on.
//!
//! Whatever is wrong is a fault of `NAME_FILE`, and neither the path nor what is in the file is ever shown.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::Path;

/// No secret is longer; a private key of 16,384 bits has 13 KB.
const LONGEST: u64 = 64 * 1024;

/// Why a file holds no secret. `Display` goes on after the variable's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum FileFault {
    #[error("is set, and so is the variable itself")]
    SetTwice,
    #[error("names a file that does not exist")]
    NotThere,
    #[error("names a folder")]
    Folder,
    #[error("names something that is no plain file")]
    NotPlain,
    #[error("names a file that this user may not read")]
    NotAllowed,
    #[error("names a file that cannot be read")]
    Unreadable,
    #[error("names a file of more than 64 KiB")]
    TooLong,
    #[error("names a file that is not UTF-8")]
    NotUtf8,
    #[error("names a file that is empty")]
    Empty,
}

impl FileFault {
    /// What to do.
    pub(super) fn remedy(self) -> &'static str {
        match self {
            Self::SetTwice => "unset one of the two",
            Self::NotThere => "set the path of a file that is there; in a container, mount it",
            Self::Folder => {
                "set the path of the file itself; Docker makes a folder of a mount whose file is missing"
            }
            Self::NotPlain => "write the secret to a file",
            Self::NotAllowed => "let the user that runs the relay read it; in the image that is uid 65532",
            Self::Unreadable => "look at the file system, or set the variable itself",
            Self::TooLong => "set the path of a file that holds the secret alone",
            Self::NotUtf8 => "save it as text in UTF-8; a key in DER has to be converted to PEM",
            Self::Empty => "write the secret into it, or unset the variable",
        }
    }
}

/// The text of a file, as it is.
pub(super) fn read(path: &Path) -> Result<String, FileFault> {
    // Before it is opened: a pipe that nobody writes to would be waited for.
    let about = fs::metadata(path).map_err(|error| fault(&error))?;
    if about.is_dir() {
        return Err(FileFault::Folder);
    }
    if !about.is_file() {
        return Err(FileFault::NotPlain);
    }
    let file = File::open(path).map_err(|error| fault(&error))?;
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| fault(&error))?;
    if bytes.len() as u64 > LONGEST {
        return Err(FileFault::TooLong);
    }
    String::from_utf8(bytes).map_err(|_| FileFault::NotUtf8)
}

fn fault(error: &std::io::Error) -> FileFault {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => FileFault::NotThere,
        ErrorKind::IsADirectory => FileFault::Folder,
        ErrorKind::PermissionDenied => FileFault::NotAllowed,
        _ => FileFault::Unreadable,
    }
}
