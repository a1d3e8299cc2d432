//! Everything from outside: the binary, on loopback.
