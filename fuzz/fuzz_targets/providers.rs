#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| txwatch_fuzz::properties::providers(data));
