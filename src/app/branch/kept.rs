//! What has to be restored at Neon, in a file, so that a crash does not lose it.
//!
//! One file a branch, for this user alone to read: the URL of a webhook may be what protects it. Beside it a lock,
//! which the process that has changed the branch holds as long as it lives.

use crate::config::NeonApiSettings;
use crate::neon::api::Webhook;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The webhook before and after the branch was pointed to a tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// What is to be there again.
    pub before: Webhook,
    /// What was written.
    pub after: Webhook,
}

/// Where it is kept for one branch, and the right to change it.
pub struct Keep {
    file: PathBuf,
    _lock: File,
}

/// Why nothing can be kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// Neither variable names a folder.
    #[error("there is nowhere to keep what is to be restored; set HOME or XDG_STATE_HOME to a whole path")]
    NoFolder,
    /// Another process has the lock.
    #[error(
        "another `dev --tunnel` runs for this branch, and restores it when it is stopped; stop that one first"
    )]
    InUse,
    /// The folder or a file cannot be used.
    #[error("{0} cannot be used, and what is to be restored is kept there")]
    Unusable(PathBuf, #[source] io::Error),
    /// The file holds something else.
    #[error("{0} cannot be read; set the branch with `neon-sms-relay neon webhook set`, and delete the file")]
    NotUnderstood(PathBuf),
}

/// The folder by the XDG base directory specification: what is no whole path is passed over.
pub fn folder(state_home: Option<&str>, home: Option<&str>) -> Option<PathBuf> {
    let whole = |path: Option<&str>| path.map(PathBuf::from).filter(|path| path.is_absolute());
    let state = whole(state_home).or_else(|| Some(whole(home)?.join(".local/state")))?;
    Some(state.join("neon-sms-relay"))
}

impl Keep {
    /// Takes the branch's place in `folder`.
    ///
    /// # Errors
    /// If another process has it, or nothing can be written there.
    pub fn open(folder: Option<PathBuf>, branch: &NeonApiSettings) -> Result<Self, KeepError> {
        let folder = folder.ok_or(KeepError::NoFolder)?;
        let unusable = |path: &Path| {
            let path = path.to_owned();
            move |error| KeepError::Unusable(path, error)
        };
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(unusable(&folder))?;
        let name = name(branch);
        let lock_path = folder.join(format!("{name}.lock"));
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&lock_path);
        let lock = lock.map_err(unusable(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { file: folder.join(format!("{name}.json")), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(KeepError::InUse),
            Err(TryLockError::Error(error)) => Err(KeepError::Unusable(lock_path, error)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.file
    }

    /// What is to be restored, if anything is.
    ///
    /// # Errors
    /// If the file is there and is not ours.
    pub fn read(&self) -> Result<Option<Kept>, KeepError> {
        match fs::read(&self.file) {
            Ok(bytes) => {
                let kept = serde_json::from_slice(&bytes);
                kept.map(Some).map_err(|_| KeepError::NotUnderstood(self.file.clone()))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.unusable(error)),
        }
    }

    /// Keeps it, on the disk when this returns.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, kept: &Kept) -> Result<(), KeepError> {
        let new = self.file.with_extension("new");
        let written = || {
            let bytes = serde_json::to_vec_pretty(kept)?;
            // What a crash has left there may have been made by somebody else.
            match fs::remove_file(&new) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&new, &self.file)?;
            // The name, too, has to be there after a power cut.
            self.file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        };
        written().map_err(|error| self.unusable(error))
    }

    /// There is nothing to restore any more.
    ///
    /// # Errors
    /// If the file cannot be removed.
    pub fn forget(&self) -> Result<(), KeepError> {
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(self.unusable(error)),
            _ => Ok(()),
        }
    }

    fn unusable(&self, error: io::Error) -> KeepError {
        KeepError::Unusable(self.file.clone(), error)
    }
}

/// A name that a person finds, and that two branches never share.
fn name(branch: &NeonApiSettings) -> String {
    let NeonApiSettings { project_id, branch_id, base_url, .. } = branch;
    let digest = Sha256::digest(format!("{base_url}\n{project_id}\n{branch_id}"));
    let plain: String = branch_id
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-')
        .take(64)
        .collect();
    format!("webhook-{plain}-{}", hex::encode(&digest[..4]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn branch(branch_id: &str) -> NeonApiSettings {
        NeonApiSettings {
            key: "s3cret".into(),
            project_id: "p-1".to_owned(),
            branch_id: branch_id.to_owned(),
            base_url: "https://console.neon.tech/api/v2".parse().unwrap(),
        }
    }

    fn kept(url: &str) -> Kept {
        let webhook =
            |url: &str| Webhook { enabled: true, webhook_url: Some(url.to_owned()), ..Webhook::default() };
        Kept { before: webhook(url), after: webhook("https://x.trycloudflare.com") }
    }

    #[test]
    fn the_folder_is_the_users_own_for_state() {
        assert_eq!(folder(Some("/state"), Some("/home/a")), Some("/state/neon-sms-relay".into()));
        for unset in [None, Some("state"), Some("")] {
            assert_eq!(folder(unset, Some("/home/a")), Some("/home/a/.local/state/neon-sms-relay".into()));
        }
        assert_eq!(folder(None, Some("not/whole")), None);
    }

    #[test]
    fn what_is_kept_is_for_this_user_alone_and_holds_no_key() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("state/neon-sms-relay");
        let keep = Keep::open(Some(folder.clone()), &branch("br-a")).unwrap();
        assert_eq!(keep.read().unwrap(), None);
        keep.write(&kept("https://one.example")).unwrap();
        keep.write(&kept("https://two.example")).unwrap();
        assert_eq!(keep.read().unwrap(), Some(kept("https://two.example")));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(keep.path())), (0o700, 0o600));
        assert!(!fs::read_to_string(keep.path()).unwrap().contains("s3cret"));
        keep.forget().unwrap();
        keep.forget().unwrap();
        assert_eq!(keep.read().unwrap(), None);
    }

    #[test]
    fn one_process_at_a_time_changes_a_branch_and_another_branch_is_another_matter() {
        let root = tempfile::tempdir().unwrap();
        let open = |id: &str| Keep::open(Some(root.path().to_owned()), &branch(id));
        let first = open("br-a").unwrap();
        assert!(matches!(open("br-a"), Err(KeepError::InUse)));
        let other = open("../br/a").unwrap();
        assert_eq!(other.path().parent(), Some(root.path()));
        drop(first);
        assert!(open("br-a").is_ok());
    }

    #[test]
    fn a_file_that_is_not_ours_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let keep = Keep::open(Some(root.path().to_owned()), &branch("br-a")).unwrap();
        fs::write(keep.path(), "{\"before\": 1}").unwrap();
        assert!(matches!(keep.read(), Err(KeepError::NotUnderstood(_))));
        assert!(keep.path().exists());
    }
}
