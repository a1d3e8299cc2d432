//! Generated documents: completions, man pages, tables and the schema are current and complete.

use txwatch::config::Registry;
use txwatch::exit;
use txwatch::warning::WarningCode;

use crate::support::bless;
use crate::support::txwatch::txwatch;

#[test]
fn completions_are_current() {
    bless::folder("completions", &txwatch::cli::completions().unwrap());
}

#[test]
fn man_pages_are_current() {
    bless::folder("man", &txwatch::cli::man_pages(&Registry::built_in()).unwrap());
}

/// The text with a table between the comments that mark its place.
fn with_table(text: &str, name: &str, table: &str) -> String {
    let (begin, end) =
        (format!("<!-- {name}: generated -->\n"), format!("<!-- end of {name} -->\n"));
    let (before, rest) = text.split_once(&begin).expect("the comment before the table");
    let (_, after) = rest.split_once(&end).expect("the comment after the table");
    format!("{before}{begin}{table}{end}{after}")
}

#[test]
fn the_tables_of_the_readme_are_current() {
    let mut scenarios = "| scenario | played by | what happens |\n| --- | --- | --- |\n".to_owned();
    let doubles = Registry::built_in().doubles();
    for scenario in txwatch::sandbox::scenarios(&doubles) {
        let (name, players) = (scenario.name, txwatch::sandbox::played_by(scenario, &doubles));
        scenarios.push_str(&format!("| `{name}` | {players} | {} |\n", scenario.about));
    }
    let readme = std::fs::read_to_string(bless::path("README.md")).unwrap();
    let readme = with_table(&readme, "exit codes", &exit::as_markdown());
    let readme = with_table(
        &readme,
        "settings",
        &txwatch::cli::providers_as_markdown(&Registry::built_in()),
    );
    bless::file("README.md", &with_table(&readme, "scenarios", &scenarios));
}

#[test]
fn the_rules_of_the_readme_are_those_of_scenarios_that_are_played() {
    let readme = std::fs::read_to_string(bless::path("README.md")).unwrap();
    let (_, table) = readme.split_once("| scenario | the rule that it shows |\n").unwrap();
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    let names: Vec<_> = rows.map(|row| row.split('`').nth(1).expect(row)).collect();
    assert!(names.len() >= 3 && names.is_sorted(), "{names:?}");
    let doubles = Registry::built_in().doubles();
    for name in names {
        let found = txwatch::sandbox::scenarios(&doubles).iter().any(|it| it.name == name);
        assert!(found, "there is no scenario {name}");
    }
}

/// The text with every white space as one space.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_help_lists_every_exit_code() {
    let commands: [&[&str]; 6] = [
        &["help", "exit-codes"],
        &["--help"],
        &["watch", "--help"],
        &["help", "watch"],
        &["poll", "--help"],
        &["get", "--help"],
    ];
    for arguments in commands {
        let output = txwatch(arguments).run();
        assert_eq!(output.code, 0, "{output:#?}");
        let help = words(&output.stdout);
        for row in exit::TABLE {
            let retry = match row.retry {
                "" => String::new(),
                retry => format!(" [again? {retry}]"),
            };
            let row = format!("{} {} {}{retry}", row.code.number(), row.name, row.meaning);
            assert!(help.contains(&words(&row)), "{arguments:?} lacks {row}");
        }
    }
}

#[test]
fn the_man_pages_list_every_exit_code() {
    let pages = txwatch::cli::man_pages(&Registry::built_in()).unwrap();
    for page in ["txwatch-exit-codes.7", "txwatch-watch.1", "txwatch-poll.1", "txwatch-get.1"] {
        // A hyphen is written `\-`.
        let page = pages[page].replace('\\', "");
        for row in exit::TABLE {
            let item = format!(".TP\nfB{}fR {}\n{}.", row.code.number(), row.name, row.meaning);
            assert!(page.contains(&item), "no {item}");
        }
    }
}

#[test]
fn the_completions_command_prints_the_files() {
    for (shell, file) in [
        ("bash", "txwatch.bash"),
        ("zsh", "_txwatch"),
        ("fish", "txwatch.fish"),
        ("powershell", "txwatch.ps1"),
        ("elvish", "txwatch.elv"),
    ] {
        let output = txwatch(["completions", shell]).run();
        assert_eq!(output.code, 0, "{output:#?}");
        assert_eq!(output.stdout, txwatch::cli::completions().unwrap()[file]);
    }
}

/// Consumers find every code in the schema, and no others.
#[test]
fn the_schema_lists_every_warning_code() {
    let schema: serde_json::Value = serde_json::from_str(txwatch::render::SCHEMA).unwrap();
    let listed = schema.pointer("/$defs/warning_code/enum").unwrap().as_array().unwrap();
    let listed: Vec<_> = listed.iter().map(|code| code.as_str().unwrap()).collect();
    let codes: Vec<_> = WarningCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(listed, codes);
    let used = schema.pointer("/$defs/warning/properties/code/$ref").unwrap();
    assert_eq!(used, "#/$defs/warning_code");
}

/// The outcomes are the names of the exit codes.
#[test]
fn the_schema_lists_every_outcome() {
    let schema: serde_json::Value = serde_json::from_str(txwatch::render::SCHEMA).unwrap();
    let listed = schema.pointer("/$defs/outcome/enum").unwrap().as_array().unwrap();
    let listed: Vec<_> = listed.iter().map(|name| name.as_str().unwrap()).collect();
    let mut names = Vec::new();
    for row in exit::TABLE {
        // SIGHUP, SIGINT and SIGTERM share a name.
        if !names.contains(&row.name) {
            names.push(row.name);
        }
    }
    assert_eq!(listed, names);
}

#[test]
fn generated_files_contain_no_path_of_the_machine() {
    let manifest = env!("CARGO_MANIFEST_DIR");
    let pages = txwatch::cli::man_pages(&Registry::built_in()).unwrap();
    for text in pages.values().chain(txwatch::cli::completions().unwrap().values()) {
        assert!(!text.contains(manifest) && !text.contains("/target/"), "{text}");
    }
}
