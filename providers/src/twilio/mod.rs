//! See the provider sheet.
