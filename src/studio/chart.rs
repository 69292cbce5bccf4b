//! Pictures as plain SVG, made here. Each says in words what it shows; the page puts a table behind it.

use maud::{Markup, html};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 120.0;

/// A column: its label, its whole height, and the part of it that stands out.
pub(super) struct Column {
    /// Below it; empty where there is no room for one.
    pub label: String,
    /// The whole.
    pub whole: u64,
    /// The part.
    pub part: u64,
    /// What is shown to whoever points at it.
    pub told: String,
}

/// Columns beside each other. The picture is stretched, and what is written stands beside it, so that it is as large on
/// a phone.
pub(super) fn columns(name: &str, title: &str, columns: &[Column]) -> Markup {
    let most = columns.iter().map(|column| column.whole).max().unwrap_or_default();
    let top = round_up(most);
    let step = WIDTH / columns.len().max(1) as f64;
    let gap = step * 0.2;
    let tall = |count: u64| HEIGHT * count as f64 / top as f64;
    let column = |class: &str, index: usize, count: u64| {
        let (x, y) = (step * index as f64 + gap / 2.0, HEIGHT - tall(count));
        html! { rect class=(class) x=(at(x)) y=(at(y)) width=(at(step - gap)) height=(at(tall(count))) {} }
    };
    html! {
        div class="chart" {
            div class="axis" aria-hidden="true" {
                span { (super::words::count(top)) } span { (super::words::count(top / 2)) } span { "0" }
            }
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) preserveAspectRatio="none" role="img" aria-labelledby=(name) {
                title id=(name) { (title) }
                @for y in [0.0, HEIGHT / 2.0] { line class="rule" x1="0" x2=(WIDTH) y1=(at(y)) y2=(at(y)) {} }
                line class="floor" x1="0" x2=(WIDTH) y1=(HEIGHT) y2=(HEIGHT) {}
                @for (index, one) in columns.iter().enumerate() {
                    g {
                        title { (one.told) }
                        rect class="hit" x=(at(step * index as f64)) y="0" width=(at(step)) height=(HEIGHT) {}
                        (column("whole", index, one.whole))
                        (column("part", index, one.part))
                    }
                }
            }
            div class="labels" aria-hidden="true" { @for column in columns { span { span { (column.label) } } } }
        }
    }
}

/// A bar for a share, with a mark where it usually ends.
pub(super) fn bar(share: f64, usual: Option<f64>) -> Markup {
    html! {
        svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" {
            rect class="whole" x="0" y="1" width="100" height="6" {}
            rect class="part" x="0" y="1" width=(at(share.clamp(0.0, 1.0) * 100.0)) height="6" {}
            @if let Some(usual) = usual {
                rect class="mark" x=(at((usual.clamp(0.0, 1.0) * 100.0 - 0.4).max(0.0))) y="0" width="0.8" height="8" {}
            }
        }
    }
}

fn at(place: f64) -> String {
    format!("{place:.1}")
}

/// The next number that an axis may end with: 1, 2, 5, 10, 20, and so on; even, so that it has a half.
fn round_up(most: u64) -> u64 {
    let mut power: u64 = 1;
    loop {
        for first in [2, 4, 6, 8, 10] {
            if let Some(end) = power.checked_mul(first).filter(|end| *end >= most) {
                return end;
            }
        }
        match power.checked_mul(10) {
            Some(next) => power = next,
            None => return most.max(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_with_a_round_number_that_has_a_half() {
        assert_eq!([0, 1, 3, 9, 11, 85, 4_321].map(round_up), [2, 2, 4, 10, 20, 100, 6_000]);
    }

    #[test]
    fn whatever_is_in_a_picture_stays_text() {
        let column = || Column { label: "<b>".to_owned(), whole: 4, part: 1, told: "</svg>".to_owned() };
        let svg = columns("n", "\"><script>", &[column()]).into_string();
        assert!(
            !svg.contains("<script>") && !svg.contains("<b>") && svg.matches("</svg>").count() == 1,
            "{svg}"
        );
    }
}
