//! A panic is one line of the log, with its place, and nothing of what it was about.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a panic is what is tested")]

use neon_sms_relay::telemetry::metrics::Metrics;
use neon_sms_relay::telemetry::{self, LogFormat};
use serde_json::Value;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// Alone in its program: the log and the hook are of the whole process.
#[test]
fn a_panic_is_one_line_with_its_place_and_without_what_it_says() {
    let written = Written::default();
    let log = telemetry::start("info", LogFormat::Json, written.clone(), &Metrics::default(), None).unwrap();
    let panicked = std::thread::spawn(|| panic!("of +15551234567\nand 042137")).join();
    assert!(panicked.is_err());
    drop(log);
    let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    let line: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["level"], "ERROR");
    assert!(line["place"].as_str().unwrap().starts_with("tests/panics.rs:"), "{line}");
    assert!(!text.contains("5551234567") && !text.contains("042137"), "{text}");
}
