//! Real-host tests.
