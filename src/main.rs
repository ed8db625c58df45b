//! The program: parse, wire, map to an exit code.
fn main() {}
