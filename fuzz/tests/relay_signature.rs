//! The programs that docs/forwarding.md shows to apps, in their own languages: what is signed is accepted, and nothing
//! else is, nor does anything else end in an exception.

#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected should stop there")]

use std::path::Path;
use std::process::Command;

/// Runs a driver, which ends with 1 and says why once a promise is broken.
fn hold(interpreter: &str, driver: &str) {
    if std::env::var_os("TEST_SKIP_VERIFIERS").is_some() {
        return;
    }
    let milliseconds = std::env::var_os("BOLERO_RANDOM_TEST_TIME_MS").unwrap_or_else(|| "1000".into());
    let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("forward").join(driver);
    let output = Command::new(interpreter).arg(driver).arg(milliseconds).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

#[test]
fn is_verified_in_node() {
    hold("node", "spoil.mjs");
}

#[test]
fn is_verified_in_python() {
    hold("python3", "spoil.py");
}
