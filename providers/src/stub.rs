//! A provider with scripted answers, for tests of whoever sends.
