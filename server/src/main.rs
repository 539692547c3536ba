//! The program `quarterdeck`.
fn main() {}
