//! The page for operators says what the adapters do: its tables are written from theirs.

use sms_providers::FailureKind;
use sms_providers::codes::{CodeTable, TABLES};
use std::fs;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/vendors.md");
const FROM: &str = "<!-- tables: written from the code -->\n";
const TO: &str = "<!-- end of tables -->\n";

fn table(table: &CodeTable) -> String {
    let mut text = format!(
        "### {}\n\n{}\n\n| Codes | Class | They say | What to do |\n|---|---|---|---|\n",
        table.title, table.note
    );
    for row in table.rows {
        let codes = row.codes.replace(' ', ", ");
        let hint = row.hint.unwrap_or("–");
        text += &format!("| {codes} | `{}` | {} | {hint} |\n", row.kind, row.meaning);
    }
    text
}

#[test]
fn the_tables_of_codes_on_the_page_for_operators_are_those_of_the_adapters() {
    let page = fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(FROM).expect("where the tables begin");
    let (shown, after) = rest.split_once(TO).expect("where the tables end");
    let tables = TABLES.map(table).join("\n");
    if std::env::var_os("REFRESH_VENDORS_PAGE").is_some() {
        fs::write(PAGE, format!("{before}{FROM}{tables}{TO}{after}")).unwrap();
        return;
    }
    assert!(
        shown == tables,
        "docs/vendors.md is not what the code does; refresh it with: \
         REFRESH_VENDORS_PAGE=1 cargo nextest run -p sms-providers tables_of_codes"
    );
}

#[test]
fn every_class_is_explained_on_the_page_with_its_remedy() {
    let page = fs::read_to_string(PAGE).unwrap();
    for kind in FailureKind::ALL {
        assert!(page.contains(&format!("\n| `{kind}` | ")), "{kind}");
        assert!(page.contains(kind.remedy()), "{kind}: {}", kind.remedy());
    }
}
