//! What people type: each mistake is answered with what to type instead, before anything is waited for.

mod arguments;
mod expectations;
mod targets;
mod variables;
