//! Reads the paths out of Rust code, `use` lines and expressions alike.

/// Every path in `code` that starts with `root`, a group such as `a::{b, c}` taken apart.
pub fn paths(code: &str, root: &str) -> Vec<String> {
    let starts = code.match_indices(root).map(|(at, _)| at).filter(|at| {
        let (before, after) = (&code[..*at], &code[at + root.len()..]);
        !before.ends_with(is_name) && after.starts_with("::")
    });
    starts.flat_map(|at| read_path(&code[at..]).0).collect()
}

/// Reads one path or group of paths; returns what follows it too.
fn read_path(code: &str) -> (Vec<String>, &str) {
    let code = code.trim_start();
    let end = code.find(|letter| !is_name(letter) && letter != '*').unwrap_or(code.len());
    let (name, rest) = code.split_at(end);
    let Some(rest) = rest.strip_prefix("::") else { return (vec![name.to_owned()], rest) };
    let (below, rest) = match rest.strip_prefix('{') {
        Some(group) => read_group(group),
        None => read_path(rest),
    };
    (below.into_iter().map(|path| format!("{name}::{path}")).collect(), rest)
}

fn read_group(mut code: &str) -> (Vec<String>, &str) {
    let mut paths = Vec::new();
    while !code.trim_start().starts_with('}') {
        let (more, rest) = read_path(code);
        paths.extend(more);
        code = rest.trim_start().trim_start_matches(|letter| letter != ',' && letter != '}');
        code = code.strip_prefix(',').unwrap_or(code);
    }
    (paths, &code.trim_start()[1..])
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}
