use super::*;

fn hint(typed: &[&str], option: &str) -> String {
    explain(option, typed)
        .and_then(|failure| Some(failure.hints().first()?.as_text()?.to_owned()))
        .unwrap_or_default()
}

fn all_names() -> Vec<&'static str> {
    let lists = OF_OTHERS.iter().map(|(names, _)| *names);
    let forms = FORMS.iter().map(|(names, _)| *names);
    lists.chain(forms).chain([&OUTPUT[..], &GOAL]).flatten().copied().collect()
}

#[test]
fn an_option_of_another_tool_is_none_of_ours_and_is_listed_once() {
    let mut grammar = grammar();
    grammar.build();
    let names = all_names();
    for name in &names {
        for command in ["watch", "poll", "get"] {
            for argument in grammar.find_subcommand(command).unwrap().get_arguments() {
                let long = argument.get_long().map(|long| format!("--{long}"));
                let short = argument.get_short().map(|short| format!("-{short}"));
                assert!(![long, short].contains(&Some((*name).to_owned())), "{name}");
            }
        }
        assert_eq!(names.iter().filter(|other| *other == name).count(), 1, "{name}");
        assert!(!hint(&["watch", "x"], name).is_empty(), "{name}");
    }
}

#[test]
fn every_option_in_a_hint_is_one_of_ours() {
    let mut grammar = grammar();
    grammar.build();
    let known: Vec<_> = ["watch", "get"]
        .iter()
        .flat_map(|name| grammar.find_subcommand(name).unwrap().get_arguments())
        .filter_map(|argument| argument.get_long().map(str::to_owned))
        .collect();
    for name in all_names() {
        let hint = hint(&["watch", "x"], name);
        for word in hint.split([' ', ',', ';', '(', ')', ':']) {
            if let Some(long) = word.strip_prefix("--") {
                assert!(known.iter().any(|known| known == long), "{name}: {hint}");
            }
        }
    }
}

#[test]
fn a_value_is_taken_over_where_it_is_understood() {
    for (typed, option, expected) in [
        (&["watch", "--format", "json", "x"][..], "--format", "write --output json"),
        (&["watch", "--format=yaml", "x"], "--format", "write --output FORM"),
        (&["watch", "--JSON", "x"], "--JSON", "write --output json"),
        (&["watch", "--for=condition=Complete", "x"], "--for", "write --until completed"),
        (&["watch", "--for", "canceled,failed", "x"], "--for", "write --until cancelled,failed"),
        (&["watch", "--for=delete", "x"], "--for", "write --until STATUS"),
        (&["watch", "--for", "--any", "x"], "--for", "write --until STATUS"),
    ] {
        assert!(hint(typed, option).starts_with(expected), "{typed:?}: {}", hint(typed, option));
    }
}

#[test]
fn a_negative_value_is_no_option() {
    let typed = ["watch", "x", "--timeout", "-5s"];
    assert!(
        hint(&typed, "-5").contains("--timeout 5s, or --timeout none"),
        "{}",
        hint(&typed, "-5")
    );
    assert!(hint(&["watch", "-t", "-1", "x"], "-1").contains("-t 90s"));
    assert_eq!(hint(&["watch", "x", "-5"], "-5"), "");
}

#[test]
fn a_long_option_has_two_hyphens() {
    for typed in [&["watch", "-timeout", "5s"][..], &["watch", "-timeout=5s"]] {
        let failure = single_hyphen(typed).unwrap();
        assert_eq!(failure.hints()[0].as_text(), Some("write  --timeout  with two hyphens"));
    }
    assert!(single_hyphen(&["watch", "-t", "5s", "-vv", "--timeout", "-5s"]).is_none());
}

#[test]
fn options_of_another_command_and_before_the_command_are_named() {
    assert_eq!(hint(&["poll", "--all"], "--all"), "it is an option of  txwatch watch");
    assert_eq!(
        hint(&["get", "--transport", "poll"], "--transport"),
        "it is an option of  txwatch watch"
    );
    assert!(hint(&["watch", "--exit-status"], "--exit-status").starts_with("leave it out"));
    let before = hint(&["-t", "5s", "watch", "x"], "-t");
    assert_eq!(before, "options come after the command:  txwatch watch TARGET -t");
}

#[test]
fn the_sandbox_is_told_where_to_listen() {
    for (typed, option) in [
        (&["sandbox", "--port", "9000"][..], "--port"),
        (&["sandbox", "9000"], "9000"),
        (&["sandbox", "-p", "9000"], "-p"),
    ] {
        assert_eq!(hint(typed, option), "write --listen 127.0.0.1:9000");
    }
    assert_eq!(
        hint(&["sandbox", "happy"], "happy"),
        "to watch a scenario, write  txwatch watch sandbox:happy"
    );
    assert_eq!(hint(&["sandbox", "--json"], "--json"), "");
}
