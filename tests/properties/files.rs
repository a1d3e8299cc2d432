//! The configuration file.

use std::path::Path;
use std::sync::LazyLock;

use txwatch::config::{Entry, File, Registry, parse};

static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::built_in);
const SECRET: &str = "hunter2-7f3a9c";

/// A complaint names the file and a line that it has, and never repeats a secret that was written into it;
/// what was accepted says the same when it is written out and read again. The first byte says after
/// which line a secret is written.
pub fn file(bytes: &[u8]) {
    let Some((at, bytes)) = bytes.split_first() else {
        return;
    };
    let text = String::from_utf8_lossy(bytes);
    match parse(&text, Path::new("config.toml"), &REGISTRY) {
        Ok(file) => {
            let again = parse(&written(&file), Path::new("config.toml"), &REGISTRY);
            let Ok(again) = again else { panic!("{again:?} in {}", written(&file)) };
            assert_eq!(written(&again), written(&file));
        }
        Err(failure) => named(&failure.to_string(), &text),
    }
    let mut lines: Vec<_> = text.lines().collect();
    let secret = format!("token = \"{SECRET}\"");
    lines.insert(usize::from(*at) % (lines.len() + 1), &secret);
    let text = lines.join("\n");
    if let Err(failure) = parse(&text, Path::new("config.toml"), &REGISTRY) {
        let message = format!("{failure} {:?}", failure.hints());
        assert!(!message.contains(SECRET), "{message}");
        named(&failure.to_string(), &text);
    }
}

/// `config.toml:LINE: …`
fn named(complaint: &str, text: &str) {
    let line = complaint.strip_prefix("config.toml:").and_then(|rest| rest.split_once(": "));
    let Some(line) = line.and_then(|(line, _)| line.parse::<usize>().ok()) else {
        panic!("{complaint} names no line")
    };
    let lines = text.bytes().filter(|byte| *byte == b'\n').count() + 1;
    assert!((1..=lines).contains(&line), "{complaint}, of {lines} lines");
}

fn written(file: &File) -> String {
    let default = file.default_profile.iter().map(|entry| pair("default_profile", entry));
    let defaults = file.defaults.iter().map(|(key, entry)| pair(key, entry));
    let mut text: String = default.chain(["[defaults]\n".to_owned()]).chain(defaults).collect();
    for (name, section) in &file.profiles {
        text += &format!("[profiles.{name}]\n");
        text.extend(
            section.provider.as_ref().map(|spec| format!("provider = \"{}\"\n", spec.name)),
        );
        text.extend(section.entries.iter().map(|(key, entry)| pair(key, entry)));
    }
    text
}

fn pair(key: &str, entry: &Entry) -> String {
    // Strings of JSON are strings of TOML, but for what both may escape and JSON need not.
    let quoted = |text: &String| {
        serde_json::Value::from(text.as_str()).to_string().replace('\u{7f}', "\\u007f")
    };
    let values: Vec<_> = entry.value.iter().map(quoted).collect();
    if entry.is_list {
        format!("{key} = [{}]\n", values.join(", "))
    } else {
        format!("{key} = {}\n", values.concat())
    }
}
