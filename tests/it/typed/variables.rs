//! Variables that are called like those of txwatch.

use crate::support::schema::of_type;
use crate::support::txwatch::{TOKEN, Txwatch, txwatch};

fn told(command: Txwatch) -> Vec<String> {
    let (output, records) = command.run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    let unknown =
        of_type(&records, "warning").filter(|warning| warning["code"] == "unknown_variable");
    unknown.map(|warning| warning["message"].as_str().unwrap().to_owned()).collect()
}

fn get() -> Txwatch {
    txwatch(["get", "sandbox:happy"])
}

#[test]
fn a_variable_that_nothing_reads_is_told_once_with_what_is_meant() {
    for (name, suggestion) in [
        ("TXWATCH_TIMEOT", "did you mean TXWATCH_TIMEOUT?"),
        ("TXWATCH_PROFLE", "did you mean TXWATCH_PROFILE?"),
        ("TXWATCH_PROOF_TOKN", "did you mean TXWATCH_PROOF_TOKEN?"),
        ("TXWATCH_API_KEY", "did you mean TXWATCH_TRANSAK_API_KEY?"),
        ("TXWATCH_STAGING_TOKEN", "there is no profile staging"),
        ("TXWATCH_PROOF_CLUSTER", "TXWATCH_PROOF_CLUSTER is none of txwatch's"),
        ("TXWATCH_FOO", "TXWATCH_FOO is none of txwatch's"),
    ] {
        // That the value is not shown is checked for every output.
        let messages = told(get().env(name, TOKEN));
        assert_eq!(messages.len(), 1, "{name}: {messages:?}");
        assert!(messages[0].contains(suggestion), "{name}: {messages:?}");
        let output = get().env(name, TOKEN).run();
        assert_eq!(output.stderr.matches(name).count(), 1, "{output:#?}");
        assert!(output.stderr.contains("warning: "), "{output:#?}");
        let quiet = txwatch(["get", "-q", "sandbox:happy"]).env(name, TOKEN).run();
        assert!(!quiet.stderr.contains(name), "{quiet:#?}");
    }
    let output = txwatch(["config", "show"]).env("TXWATCH_TIMEOT", "5m").run();
    assert!(output.stderr.contains("did you mean TXWATCH_TIMEOUT?"), "{output:#?}");
}

#[test]
fn what_is_read_is_not_told() {
    let command = get().config("[profiles.live-eu]\nprovider = \"proof\"\n");
    let known = [
        ("TXWATCH_TIMEOUT", "20s"),
        ("TXWATCH_ALL", "false"),
        ("TXWATCH_LISTEN", "127.0.0.1:0"),
        ("TXWATCH_QUIET", "false"),
        ("TXWATCH_LIVE_EU_URL", "https://live.invalid"),
        ("TXWATCH_LIVE_EU_TOKEN_FILE", "/nowhere"),
        ("TXWATCH_PROOF_TOKEN", TOKEN),
        ("TXWATCH_TRANSAK_API_SECRET_COMMAND", "false"),
        ("TXWATCH_CASPER_QUOTA", "1/1m"),
        // Empty counts as unset.
        ("TXWATCH_FOO", ""),
        ("OTHER_TXWATCH_FOO", "x"),
    ];
    let command = known.iter().fold(command, |command, (name, value)| command.env(name, value));
    assert_eq!(told(command), Vec::<String>::new());
}
