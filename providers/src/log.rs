//! A provider that prints the text to the terminal, for development.
