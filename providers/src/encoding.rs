//! How many SMS a text costs: GSM-7 or UCS-2, and how many parts.
//!
//! One character outside GSM-7 more than halves the room, so whoever writes a template wants to know
//! before the bill does. Counting says nothing to a vendor; they all choose the encoding themselves.

/// The alphabet a text needs on the air (3GPP TS 23.038).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Seven bits a character; ten characters, such as `€`, take two units.
    Gsm7,
    /// Sixteen bits a unit, for any text with a character outside GSM-7.
    Ucs2,
}

impl std::fmt::Display for Encoding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Gsm7 => "GSM-7",
            Self::Ucs2 => "UCS-2",
        })
    }
}

/// The size of a text as a carrier counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segments {
    /// The alphabet.
    pub encoding: Encoding,
    /// Septets of GSM-7 or UTF-16 units of UCS-2.
    pub units: usize,
    /// Single SMS, each billed; an empty text is one.
    pub count: usize,
}

/// 3GPP TS 23.038 §6.2.1, without the escape to the extension table.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
    ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// 3GPP TS 23.038 §6.2.1.1: an escape and a character, two septets.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// Counts what `text` needs.
///
/// ```
/// use sms_providers::{Encoding, segments};
/// let size = segments("Your code is 123456.");
/// assert_eq!((size.encoding, size.units, size.count), (Encoding::Gsm7, 20, 1));
/// assert_eq!(segments("Your code is “123456”.").encoding, Encoding::Ucs2);
/// ```
pub fn segments(text: &str) -> Segments {
    let septets: Option<Vec<usize>> = text.chars().map(septets).collect();
    match septets {
        Some(widths) => fill(Encoding::Gsm7, &widths, 160, 153),
        None => fill(Encoding::Ucs2, &text.chars().map(char::len_utf16).collect::<Vec<_>>(), 70, 67),
    }
}

fn septets(c: char) -> Option<usize> {
    if BASIC.contains(c) {
        Some(1)
    } else if EXTENSION.contains(c) {
        Some(2)
    } else {
        None
    }
}

/// A text over `single` units goes in parts of `part` units, the rest of each being its header. A
/// character of two units is never split, so a part may stay one unit short.
fn fill(encoding: Encoding, widths: &[usize], single: usize, part: usize) -> Segments {
    let units = widths.iter().sum();
    if units <= single {
        return Segments { encoding, units, count: 1 };
    }
    let (mut count, mut filled) = (1, 0);
    for width in widths {
        if filled + width > part {
            (count, filled) = (count + 1, 0);
        }
        filled += width;
    }
    Segments { encoding, units, count }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn size(text: &str) -> (Encoding, usize, usize) {
        let Segments { encoding, units, count } = segments(text);
        (encoding, units, count)
    }

    #[test]
    fn a_gsm_text_has_160_units_and_153_a_part() {
        assert_eq!(size(""), (Encoding::Gsm7, 0, 1));
        assert_eq!(size(&"a".repeat(160)), (Encoding::Gsm7, 160, 1));
        assert_eq!(size(&"a".repeat(161)), (Encoding::Gsm7, 161, 2));
        assert_eq!(size(&"a".repeat(306)), (Encoding::Gsm7, 306, 2));
        assert_eq!(size(&"a".repeat(307)), (Encoding::Gsm7, 307, 3));
    }

    #[test]
    fn a_ucs2_text_has_70_units_and_67_a_part() {
        assert_eq!(size(&"ж".repeat(70)), (Encoding::Ucs2, 70, 1));
        assert_eq!(size(&"ж".repeat(71)), (Encoding::Ucs2, 71, 2));
        assert_eq!(size(&"ж".repeat(135)), (Encoding::Ucs2, 135, 3));
    }

    #[test]
    fn an_extension_character_costs_two_units_and_is_not_split() {
        for c in "\u{c}^{}\\[~]|€".chars() {
            assert_eq!(size(&c.to_string()), (Encoding::Gsm7, 2, 1), "{c}");
        }
        // 306 units would fit two parts, were the euro sign not astride their border.
        let text = format!("{}€{}", "a".repeat(152), "a".repeat(152));
        assert_eq!(size(&text), (Encoding::Gsm7, 306, 3));
    }

    #[test]
    fn a_surrogate_pair_is_not_split() {
        // 134 units would fit two parts, were the pair not astride their border.
        let text = format!("{}😀{}", "ж".repeat(66), "ж".repeat(66));
        assert_eq!(size(&text), (Encoding::Ucs2, 134, 3));
    }

    #[test]
    fn look_alikes_outside_the_table_turn_the_whole_text_into_ucs2() {
        for c in "ç`“”–—\u{a0}\u{1b}\t".chars() {
            assert_eq!(segments(&format!("code{c}")).encoding, Encoding::Ucs2, "{c:?}");
        }
        for c in "@#\néèùìòÇØøÅåÄÖÑÜäöñüàßÉÆæ".chars() {
            assert_eq!(segments(&format!("code{c}")).encoding, Encoding::Gsm7, "{c:?}");
        }
    }

    #[test]
    fn the_basic_table_holds_127_characters_and_the_escape_is_not_one() {
        assert_eq!(BASIC.chars().collect::<std::collections::HashSet<_>>().len(), 127);
    }

    proptest! {
        #[test]
        fn the_parts_always_hold_the_text_and_none_is_wasted(text in "[a-z€^{}ж😀]{0,400}") {
            let Segments { encoding, units, count } = segments(&text);
            let (single, part) = match encoding {
                Encoding::Gsm7 => (160, 153),
                Encoding::Ucs2 => (70, 67),
            };
            prop_assert_eq!(count == 1, units <= single);
            if count > 1 {
                // A part is at most one unit short of full.
                prop_assert!(units <= count * part && units > (count - 1) * (part - 1));
            }
        }

        #[test]
        fn any_text_can_be_counted(text in "\\PC*") {
            prop_assert!(segments(&text).count >= 1);
        }
    }
}
