//! Where users and attackers have their numbers.

use super::chance::Chance;
use sms_providers::PhoneNumber;

/// A country: its letters, what its mobile numbers begin with, and how many digits follow.
pub type Country = (&'static str, &'static str, u32);

/// Where the users are.
pub const HOME: Country = ("DE", "+49151", 8);
/// Where some users are, too.
pub const SECOND: Country = ("GB", "+4474", 8);
/// Where a few users are.
pub const THIRD: Country = ("PT", "+35191", 7);

/// Where attackers are paid for texts.
pub const ATTACKED: [Country; 40] = [
    ("CI", "+22507", 8),
    ("UZ", "+99890", 7),
    ("TJ", "+99292", 7),
    ("KG", "+99670", 7),
    ("AZ", "+99450", 7),
    ("GE", "+99559", 7),
    ("AM", "+37477", 6),
    ("BY", "+37529", 7),
    ("KZ", "+7701", 7),
    ("RU", "+7916", 7),
    ("LK", "+9477", 7),
    ("BD", "+88017", 8),
    ("PK", "+92300", 7),
    ("NP", "+97798", 8),
    ("MM", "+9592", 7),
    ("KH", "+85512", 6),
    ("VN", "+8490", 7),
    ("ID", "+62812", 7),
    ("PH", "+63917", 7),
    ("MY", "+6012", 7),
    ("IQ", "+964770", 7),
    ("JO", "+96279", 7),
    ("LB", "+9613", 6),
    ("OM", "+9689", 7),
    ("YE", "+96777", 7),
    ("EG", "+2010", 8),
    ("DZ", "+2135", 8),
    ("TN", "+21620", 6),
    ("MA", "+2126", 8),
    ("NG", "+234803", 7),
    ("GH", "+23324", 7),
    ("SN", "+22177", 7),
    ("ML", "+2237", 7),
    ("BF", "+22670", 6),
    ("TG", "+22890", 6),
    ("BJ", "+229019", 7),
    ("CM", "+2376", 8),
    ("ZW", "+26377", 7),
    ("MG", "+26134", 7),
    ("ZM", "+26097", 7),
];

/// Some number of a country.
pub fn number(country: Country, chance: &mut Chance) -> PhoneNumber {
    let (_, start, digits) = country;
    numbered(start, chance.one_of(10_u64.pow(digits)), digits)
}

/// The number that has these last digits.
pub fn numbered(start: &str, last: u64, digits: u32) -> PhoneNumber {
    format!("{start}{last:0width$}", width = digits as usize).parse().expect("a number of the table")
}
