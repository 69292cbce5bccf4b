//! `neon-sms-relay completions` and `man`: every command is in them.

use crate::process::run;
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

const COMMANDS: [&str; 7] = ["serve", "dev", "doctor", "neon", "studio", "trigger", "completions"];

fn said(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), arguments, &[]);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_shell_can_complete_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = said(&["completions", shell]);
        for command in COMMANDS {
            assert!(script.contains(command), "{command} for {shell}");
        }
        assert!(script.contains("real-sms"), "{shell}");
    }
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path(), &["completions", "dos"], &[]).status.code(), Some(2));
}

#[test]
fn bash_takes_the_script_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("completions");
    fs::write(&file, said(&["completions", "bash"])).unwrap();
    let ask = "words=($(complete -p neon-sms-relay)); COMP_WORDS=(neon-sms-relay neon web); COMP_CWORD=2; \
               \"${words[-2]}\" neon-sms-relay web neon; echo \"${COMPREPLY[*]}\"";
    let line = format!(". {} && {ask}", file.display());
    let output = Command::new("bash").args(["--norc", "-c", &line]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "webhook");
}

#[test]
fn there_is_a_manual_page_for_the_program_and_one_for_each_command() {
    let page = said(&["man"]);
    assert!(page.contains(".TH neon-sms-relay 1") && page.contains("doctor"), "{page}");
    let folder = tempfile::tempdir().unwrap();
    said(&["man", folder.path().to_str().unwrap()]);
    let pages: BTreeSet<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for page in ["neon-sms-relay.1", "neon-sms-relay-serve.1", "neon-sms-relay-neon-webhook-set.1"] {
        assert!(pages.contains(page), "{page} in {pages:?}");
    }
    let output = run(folder.path(), &["man", "/not/there"], &[]);
    assert_eq!(output.status.code(), Some(1));
}
