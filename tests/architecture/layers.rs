//! The table of layers, and how a module's code is held against it.

use crate::paths::paths;

/// Which module may use what besides itself: the table in `src/lib.rs`, with every path spelt out.
/// A path allows what lies below it; a room with a row of its own does not share its layer's.
const LAYERS: [(&str, &[&str]); 17] = [
    ("main", &["neon_sms_relay::cli"]),
    ("tasks", &[]),
    (
        "domain",
        // Its types, and nothing that sends.
        &[
            "sms_providers::DeliveryStatus",
            "sms_providers::MessageRef",
            "sms_providers::NetworkCause",
            "sms_providers::PhoneNumber",
            "sms_providers::ProviderName",
            "sms_providers::SmsBody",
            "sms_providers::StatusUpdate",
            "sms_providers::encoding",
        ],
    ),
    ("neon", &["crate::domain", "sms_providers::NetworkCause"]),
    ("guard", &["crate::domain", "sms_providers::PhoneNumber"]),
    ("store", &["crate::domain", "sms_providers"]),
    ("telemetry", &["crate::domain", "sms_providers"]),
    (
        "relay",
        &[
            "crate::domain",
            "crate::guard",
            "crate::neon::VerifiedDelivery",
            "crate::store",
            "crate::tasks",
            "crate::telemetry",
            "sms_providers",
        ],
    ),
    (
        "relay::once",
        &[
            "crate::domain",
            "crate::neon::VerifiedDelivery",
            "crate::store",
            "crate::tasks",
            "crate::telemetry",
        ],
    ),
    (
        "relay::texting",
        &[
            "crate::domain",
            "crate::guard",
            "crate::relay::once",
            "crate::store",
            "crate::tasks",
            "crate::telemetry",
            "sms_providers",
        ],
    ),
    (
        "relay::forwarding",
        &[
            "crate::domain",
            "crate::neon::VerifiedDelivery",
            "crate::relay::once",
            "crate::store",
            "crate::tasks",
            "crate::telemetry",
            "sms_providers::NetworkCause",
        ],
    ),
    ("http", &["crate::domain", "crate::neon", "crate::relay", "crate::telemetry", "sms_providers"]),
    ("dev", &["crate::domain", "crate::tasks", "sms_providers"]),
    ("studio", &["crate::domain", "crate::guard", "crate::store", "crate::tasks", "sms_providers"]),
    ("config", &["crate::domain", "crate::guard", "crate::store::StoreAddress", "sms_providers"]),
    (
        "app",
        &[
            "crate::config",
            "crate::domain",
            "crate::guard",
            "crate::http",
            "crate::neon",
            "crate::relay",
            "crate::store",
            "crate::studio",
            "crate::tasks",
            "crate::telemetry",
            "sms_providers",
        ],
    ),
    (
        "cli",
        &[
            "crate::app",
            "crate::config",
            "crate::dev",
            "crate::domain",
            "crate::neon::api",
            "crate::studio",
            "crate::tasks",
            "crate::telemetry",
            "sms_providers",
        ],
    ),
];

/// Whether `path` is `allowed` or lies below it.
fn is_below(path: &str, allowed: &str) -> bool {
    path.strip_prefix(allowed).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The paths in a module's code that its row of the table does not allow.
pub fn forbidden(module: &[String], code: &str) -> Vec<String> {
    let name = module.join("::");
    let rows = LAYERS.iter().filter(|(row, _)| is_below(&name, row));
    let Some((row, allowed)) = rows.max_by_key(|(row, _)| row.len()) else {
        return vec![format!("the module {} has no row in the table of layers", module[0])];
    };
    let own = format!("crate::{row}");
    let ours = ["crate", "sms_providers", "neon_sms_relay"].into_iter().flat_map(|root| paths(code, root));
    let mut forbidden: Vec<_> = ours
        .filter(|path| !is_below(path, &own) && !allowed.iter().any(|allowed| is_below(path, allowed)))
        .collect();
    // A block of tests at the end of a file is a module of its own.
    let (code, tests) = code.split_once("#[cfg(test)]").unwrap_or((code, ""));
    let depth = module.len() + 1 - row.split("::").count();
    for (code, depth) in [(code, depth), (tests, depth + 1)] {
        let out_of_the_row = "super::".repeat(depth);
        if code.contains(&out_of_the_row) {
            forbidden.push(format!("{out_of_the_row} (write crate::)"));
        }
    }
    forbidden
}
