//! `neon-sms-relay completions` and `man`: every command is in them.

use crate::process::run;
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

/// The names below `Commands:` in the help.
fn commands() -> Vec<String> {
    let help = said(&["--help"]);
    let below =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let named = below.filter(|line| !line.starts_with("   "));
    let names: Vec<_> = named.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect();
    assert!(names.len() > 10 && names.contains(&"events".to_owned()), "{names:?}");
    names
}

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
        for command in commands() {
            assert!(script.contains(&command), "{command} for {shell}");
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
    let named = commands().into_iter().filter(|name| name != "help");
    let named = named.map(|name| format!("neon-sms-relay-{name}.1"));
    for page in named.chain(["neon-sms-relay.1", "neon-sms-relay-neon-webhook-set.1"].map(str::to_owned)) {
        assert!(pages.contains(&page), "{page} in {pages:?}");
    }
    let output = run(folder.path(), &["man", "/not/there"], &[]);
    assert_eq!(output.status.code(), Some(1));
}
