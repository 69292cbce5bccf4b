//! A disk that is full, and one that cannot be written. They are disks of the tests' own, which takes root to make.

#![cfg(target_os = "linux")]

use crate::scene::Scene;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A disk of one megabyte and a half, for the length of a test.
struct Disk(TempDir);

impl Disk {
    fn new() -> Self {
        let disk = Self(tempfile::tempdir().unwrap());
        disk.mount(&["-t", "tmpfs", "-o", "size=1536k", "tmpfs"]);
        disk
    }

    fn mount(&self, arguments: &[&str]) {
        let mounted = Command::new("mount").args(arguments).arg(self.path()).output().unwrap();
        let said = String::from_utf8_lossy(&mounted.stderr);
        assert!(mounted.status.success(), "./test faults has to run as root, to make disks: {said}");
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn store_url(&self) -> String {
        format!("sqlite://{}/relay.db", self.path().display())
    }

    /// Takes all the room that is left; returns what has it.
    fn fill(&self) -> std::path::PathBuf {
        let filler = self.path().join("filler");
        // It ends when nothing more fits.
        let _ = std::fs::write(&filler, vec![0; 4 << 20]);
        filler
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root; ./test faults"]
async fn a_full_disk_is_told_and_once_there_is_room_all_codes_go_out_once() {
    let (scene, disk) = (Scene::new().await, Disk::new());
    let relay = scene.relay(&disk.store_url(), &[]).await;
    let codes: Vec<_> = (0..20).map(|_| scene.code()).collect();
    let (before, after) = codes.split_at(10);
    relay.takes_all(before).await;
    let filler = disk.fill();
    // What there is of the log can still be written over.
    let refused = async {
        loop {
            let code = scene.code();
            match relay.attempt(&code).await.unwrap() {
                answer if answer.status == 200 => {}
                answer => return (code, answer.error()),
            }
        }
    };
    let (refused, error) = tokio::time::timeout(crate::scene::FAR_TOO_LONG, refused).await.unwrap();
    assert_eq!(error, (503, "store_unavailable".into()));
    relay.misses_its_store().await;
    relay.told_of_its_store("full").await;
    std::fs::remove_file(filler).unwrap();
    relay.takes(&refused).await;
    relay.takes_all(after).await;
    // What was finished before the disk was full is known after it.
    relay.takes_all(before).await;
    scene.assert_texted(&[refused], 1);
    assert_eq!(scene.assert_texted(&codes, 1), codes.len());
    relay.is_ready().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root; ./test faults"]
async fn a_disk_that_cannot_be_written_is_refused_at_the_start_with_what_to_do() {
    let (scene, disk) = (Scene::new().await, Disk::new());
    let code = scene.code();
    let first = scene.relay(&disk.store_url(), &[]).await;
    first.takes(&code).await;
    drop(first);
    disk.mount(&["-o", "remount,ro"]);
    let vars = [
        ("NEON_AUTH_URL", format!("{}/neondb/auth", scene.neon.uri())),
        ("STORE_URL", disk.store_url()),
        ("SMS_PROVIDER", "log".to_owned()),
        ("ALLOW_LOG_PROVIDER", "1".to_owned()),
        ("PORT", "0".to_owned()),
    ];
    let folder = tempfile::tempdir().unwrap();
    let ended = crate::process::command(folder.path(), &["serve"], &vars).output().unwrap();
    let said = String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned();
    assert!(!ended.status.success() && said.contains("mount it writable"), "{said}");
    disk.mount(&["-o", "remount,rw"]);
    // What was sent before is known after it.
    scene.relay(&disk.store_url(), &[]).await.takes(&code).await;
    assert_eq!(scene.assert_texted(&[code], 1), 1);
}
