//! The examples of `--help` and the man pages.

/// A command line and its description.
type Example = (&'static str, &'static str);

const ROOT: &[Example] = &[
    ("txwatch watch sandbox:happy", "a rehearsal; needs no account"),
    ("txwatch watch \"$ID\" && ./ship.sh", "go on only if it completed"),
    ("txwatch watch \"$ID\" -o json | jq .type", "every record as a JSON line"),
    ("txwatch get \"$ID\"", "one look"),
];
const WATCH: &[Example] = &[
    ("txwatch watch proof:\"$ID\"", "follow one to its end"),
    ("txwatch watch transak:\"$ID\"", "an order of Transak; the id is all it needs"),
    ("txwatch watch --all -p transak -o json", "every order of the account, as records"),
    ("txwatch watch \"$ID\" -t 15m --grace 2m", "give a failed payment time for a second try"),
    ("txwatch watch \"$A\" \"$B\" --any", "whichever completes first"),
    ("txwatch watch \"$ID\" --until processing", "go on as soon as the money is on its way"),
    ("txwatch watch \"$ID\" --expect 'crypto_amount>=99'", "and check what arrived"),
    ("create | txwatch watch - -o json", "ids from a pipe, records into one"),
];
const POLL: &[Example] = &[
    ("txwatch poll \"$ID\"", "where WebSockets do not get through"),
    ("txwatch poll \"$ID\" -i 30s -t 2h", "every half a minute, for two hours"),
];
const GET: &[Example] = &[
    ("txwatch get \"$ID\"", "everything known about it"),
    ("txwatch get \"$ID\" --exit-status", "the status as an exit code; 20: not final"),
    ("txwatch get \"$ID\" -o json | jq .transaction", "the same for programs"),
];
const CONFIG: &[Example] = &[
    ("${EDITOR:-vi} \"$(txwatch config path)\"", "edit the file"),
    ("txwatch config show", "what is in force, and why; no secrets"),
    ("txwatch config check -p staging", "does this profile work?"),
    ("txwatch config forget-token -p transak", "drop the token that was issued"),
];
const SANDBOX: &[Example] = &[
    ("txwatch watch sandbox:failed", "no server needed for a single run"),
    ("txwatch sandbox --listen 127.0.0.1:8080", "a server for several programs"),
];
const COMPLETIONS: &[Example] = &[
    ("source <(txwatch completions bash)", "for this shell; in ~/.bashrc for each"),
    ("txwatch completions fish | source", "the same for fish"),
];
const HELP: &[Example] = &[
    ("txwatch help watch", "a command"),
    ("txwatch help exit-codes", "what the exit codes say"),
    ("txwatch help schema", "the JSON Schema of -o json"),
];

/// The examples of a command; `config check` has those of `config`.
pub(super) fn of(command: &str) -> &'static [Example] {
    match command {
        "txwatch" => ROOT,
        "watch" => WATCH,
        "poll" => POLL,
        "get" => GET,
        "config" | "path" | "show" | "check" | "forget-token" => CONFIG,
        "sandbox" => SANDBOX,
        "completions" => COMPLETIONS,
        "help" => HELP,
        _ => &[],
    }
}

/// The examples as aligned text, for `--help`.
pub(super) fn as_text(command: &str) -> String {
    let width = of(command).iter().map(|(line, _)| line.len()).max().unwrap_or_default();
    let lines: Vec<_> =
        of(command).iter().map(|(line, about)| format!("\n  {line:<width$}  {about}")).collect();
    format!("Examples:{}", lines.concat())
}
