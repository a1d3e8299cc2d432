//! Everything from outside: the binary, on loopback.

mod sandbox;
mod support;
