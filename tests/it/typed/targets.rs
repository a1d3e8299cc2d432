//! Targets that are none: links, quotes, files; and ids that are nearly right.

use crate::support::proof::{ID, record};
use crate::support::schema::of_type;
use crate::support::script::Reply;
use crate::support::server::{Script, Server};
use crate::support::txwatch::{CommandOutput, TOKEN, Txwatch, txwatch};

const HASH: &str = "88461218a5e972fcda1d764d7cc4edb2e0c3a538123b97890d484f43c55935f5";

fn has(output: &CommandOutput, needles: &[&str]) {
    for needle in needles {
        assert!(output.stderr.contains(needle), "no '{needle}' in {output:#?}");
    }
}

#[test]
fn a_link_says_which_target_to_type() {
    let deploy = format!("https://cspr.live/deploy/{HASH}");
    let on_mainnet =
        [&*format!("cspr:{HASH}"), &*format!("casper:{HASH}"), "mainnet"].map(str::to_owned);
    let on_testnet =
        [&*format!("cspr:{HASH}"), &*format!("casper:{HASH}"), "testnet"].map(str::to_owned);
    let evm = ["EVM chain".to_owned(), "this version has no provider for those".to_owned()];
    for (link, needles) in [
        (deploy.clone(), &on_mainnet[..]),
        (format!("{deploy}/"), &on_mainnet),
        (format!("{deploy}?tab=raw"), &on_mainnet),
        (format!("{deploy}#transfers"), &on_mainnet),
        (format!("cspr.live/transaction/{HASH}"), &on_mainnet),
        (format!("HTTPS://CSPR.live/deploy/{HASH}"), &on_mainnet),
        (format!("https://www.cspr.live/deploy/{HASH}"), &on_mainnet),
        (format!("https://testnet.cspr.live/transaction/{HASH}"), &on_testnet),
        (format!("https://etherscan.io/tx/0x{HASH}"), &evm),
        (format!("https://sepolia.etherscan.io/tx/0x{HASH}#eventlog"), &evm),
        (format!("https://polygonscan.com/tx/0x{HASH}/"), &evm),
        (format!("https://explorer.example/tx/0x{HASH}"), &evm),
        (
            format!("https://global.transak.com/user/transactions/?orderId={ID}"),
            &[format!("write transak:{ID}")],
        ),
        (
            format!("https://shop.example/thanks?orderId={ID}&status=COMPLETED"),
            &["does not know the site shop.example".to_owned(), format!("transak:{ID}")],
        ),
        ("https://cspr.live/".to_owned(), &["there is no transaction's id in it".to_owned()]),
        (format!("https://cspr.live/deploy/{}", &HASH[1..]), &["has 63 digits, not 64".to_owned()]),
    ] {
        let output = txwatch(["watch", &link]).run();
        output.fails(2, "is a link, not a target");
        has(&output, &needles.iter().map(String::as_str).collect::<Vec<_>>());
        if link.contains("/tx/") {
            assert!(!output.stderr.contains(&format!("casper:0x{HASH}")), "{output:#?}");
        }
    }
}

/// A profile of CSPR.cloud's testnet, which no test connects to.
fn with_testnet(arguments: &[&str]) -> Txwatch {
    let command = txwatch(arguments);
    command.write_private("token", TOKEN);
    command.config(
        "[profiles.test]\nprovider = \"cspr\"\nnetwork = \"testnet\"\ntoken_file = \"token\"\n",
    )
}

#[test]
fn a_link_of_another_network_is_not_watched() {
    let mainnet = format!("https://cspr.live/deploy/{HASH}");
    let testnet = format!("https://testnet.cspr.live/deploy/{HASH}");
    let after_profile = format!("test:{mainnet}");
    for arguments in
        [&["watch", &mainnet][..], &["watch", &mainnet, "-p", "test"], &["watch", &after_profile]]
    {
        let output = with_testnet(arguments).run();
        output.fails(2, "is a link, not a target");
        has(&output, &["profile test is of testnet, and the link of mainnet"]);
        assert!(!output.stderr.contains(&format!("test:{HASH}")), "{output:#?}");
    }
    let output = with_testnet(&["watch", &testnet]).run();
    output.fails(2, "is a link, not a target");
    has(&output, &[&format!("write test:{HASH}")]);
}

#[test]
fn a_link_leads_past_the_default_profile_to_one_of_its_network() {
    let link = format!("https://cspr.live/deploy/{HASH}");
    let command = txwatch(["watch", &link]);
    command.write_private("token", TOKEN);
    let section = |name: &str, network: &str| {
        format!(
            "[profiles.{name}]\nprovider = \"cspr\"\nnetwork = \"{network}\"\ntoken_file = \"token\"\n"
        )
    };
    let profiles = section("test", "testnet") + &section("live", "mainnet");
    let output = command.config(&format!("default_profile = \"test\"\n{profiles}")).run();
    output.fails(2, "is a link, not a target");
    has(&output, &[&format!("write live:{HASH}"), "profile test is of testnet"]);
    assert!(!output.stderr.contains(&format!("test:{HASH}")), "{output:#?}");
}

#[test]
fn a_link_of_the_profiles_own_address_leads_to_it() {
    let server = Script::new().start();
    let link = format!("{}/widget/transactions/{ID}?lang=en", server.url());
    let output = txwatch(["watch", &link]).proof(&server.url()).run();
    output.fails(2, "is a link, not a target");
    has(&output, &[&format!("hint: write proof:{ID}\n")]);
    assert!(server.requests().is_empty());
}

#[test]
fn what_is_around_a_target_is_named() {
    let server = Script::new().start();
    for (target, around) in [
        ("\"proof:x\"", "quotes"),
        ("'proof:x'", "quotes"),
        ("`proof:x`", "quotes"),
        ("\u{201c}proof:x\u{201d}", "quotes"),
        ("\u{ab}proof:x\u{bb}", "quotes"),
        ("proof:\"x\"", "quotes"),
        (" proof:x ", "blanks"),
        ("proof: x", "blanks"),
        ("proof:x\u{a0}", "blanks"),
        ("proof:x\n", "a line break"),
        ("proof:x\r", "a line break"),
        ("proof:x,", "a comma or semicolon"),
        ("<proof:x>", "brackets"),
        ("\u{200b}proof:x", "invisible characters"),
        ("\"proof:x\",", "quotes and a comma or semicolon"),
    ] {
        let output = txwatch(["watch", target]).proof(&server.url()).run();
        assert_eq!(output.code, 2, "{target:?}: {output:#?}");
        let words: Vec<_> = around.split(" and ").collect();
        has(&output, &words);
        has(&output, &["around it", "hint: write  proof:x\n"]);
    }
    let bare = txwatch(["watch", "\"x\""]).proof(&server.url()).run();
    bare.fails(2, "has quotes around it");
    has(&bare, &["hint: write  x\n"]);
    let link = txwatch(["watch", "<https://cspr.live/deploy/1>"]).run();
    link.fails(2, "has brackets around it");
    assert!(server.requests().is_empty());
}

/// The server of a transaction that has ended.
fn serving(id: &str) -> Server {
    Script::new()
        .rest(id, [Reply::json(&record(id, "completed", 0))])
        .push(id, [Reply::upgrade([])])
        .start()
}

#[test]
fn several_targets_profiles_alone_and_other_signs_are_named() {
    let server = Script::new().start();
    for (target, needle, hint) in [
        (
            "proof:x,proof:y",
            "is several targets in one argument",
            "write them apart:  proof:x proof:y\n",
        ),
        (
            "proof:x proof:y",
            "is several targets in one argument",
            "write them apart:  proof:x proof:y\n",
        ),
        (
            "[\"proof:x\", \"proof:y\"]",
            "is several targets",
            "write them apart:  proof:x proof:y\n",
        ),
        ("proof", "'proof' is a profile, not a target", "write  proof:ID"),
        ("sandbox", "'sandbox' is a profile, not a target", "write  sandbox:ID"),
        ("proof::x", "it has ':' in it", "did you mean  proof:x?"),
        ("proof/x", "it has '/' in it", "did you mean  proof:x?"),
        ("proof=x", "it has '=' in it", "did you mean  proof:x?"),
        ("Sandbox/happy", "it has '/' in it", "did you mean  sandbox:happy?"),
        ("\u{2014}json", "begins with a dash of typography", "write  --json\n"),
        ("\u{2013}-timeout", "begins with a dash of typography", "write  --timeout\n"),
    ] {
        let output = txwatch(["watch", target, "-p", "proof"]).proof(&server.url()).run();
        output.fails(2, needle);
        has(&output, &[hint]);
    }
    assert!(server.requests().is_empty());
}

#[test]
fn a_hash_of_an_evm_chain_is_told_that_there_is_no_provider_yet() {
    let hash = format!("0x{HASH}");
    let output = txwatch(["watch", &hash]).run();
    output.fails(2, "None is set up for such an id");
    has(&output, &["EVM chain", "this version has no provider for those"]);
    // Some tools write Casper's hashes so, too.
    let output = txwatch(["watch", &hash, "-t", "1s"]).casper("http://127.0.0.1:9").run();
    has(&output, &["warning: a hash with 0x is usually of an EVM chain"]);
    let output = txwatch(["watch", &format!("casper:{hash}"), "-t", "1s"]);
    let output = output.casper("http://127.0.0.1:9").run();
    assert!(!output.stderr.contains("EVM"), "{output:#?}");
}

#[test]
fn the_name_of_a_file_leads_to_standard_input() {
    let server = Script::new().start();
    let files = tempfile::TempDir::new().unwrap();
    for name in ["ids.txt", "plain", "my ids.csv"] {
        std::fs::write(files.path().join(name), "proof:x\n").unwrap();
    }
    let here = |arguments: &[&str]| {
        let mut command = txwatch(arguments);
        command.command().current_dir(files.path());
        command
    };
    let is_refused = |command: Txwatch, needle: &str, hint: &str| {
        let output = command.run();
        output.fails(2, needle);
        has(&output, &[hint]);
    };
    is_refused(here(&["watch", "ids.txt"]), "'ids.txt' is a file", "txwatch watch - < ids.txt");
    is_refused(here(&["watch", "@ids.txt"]), "is a file", "txwatch watch - < ids.txt");
    is_refused(here(&["watch", "./ids.txt"]), "is a file", "txwatch watch - < ./ids.txt");
    is_refused(here(&["watch", "plain"]), "'plain' is a file", "txwatch watch - < plain");
    is_refused(here(&["watch", "my ids.csv"]), "is a file", "txwatch watch - < 'my ids.csv'");
    is_refused(
        here(&["watch", "other.txt"]),
        "'other.txt' looks like a file",
        "txwatch watch - < other.txt",
    );
    // Proof's ids may be called so.
    is_refused(
        here(&["watch", "ids.txt"]).proof(&server.url()),
        "'ids.txt' is a file",
        "PROFILE:ids.txt",
    );
    assert!(server.requests().is_empty());
    let server = serving("other.txt");
    let (output, records) = here(&["get", "other.txt"]).proof(&server.url()).run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(mistyped(&records), 1);
    // What is called like a transaction, and what names its profile, is no file.
    let server = serving("plain");
    assert_eq!(here(&["get", "plain"]).proof(&server.url()).run().code, 0);
    let server = serving("ids.txt");
    let output = here(&["get", "proof:ids.txt"]).proof(&server.url()).run();
    assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{output:#?}");
}

fn mistyped(records: &[serde_json::Value]) -> usize {
    of_type(records, "warning").filter(|warning| warning["code"] == "mistyped_target").count()
}

#[test]
fn an_id_that_is_nearly_one_is_warned_about() {
    let without_hyphen = ID.replacen('-', "", 1);
    let letter = ID.replacen('0', "O", 1);
    let long = format!("{ID}1");
    let hash_with_letter = HASH.replacen('1', "l", 1);
    for (id, needle) in [
        (&ID[..35], "35 characters, not 36"),
        (&long, "37 characters, not 36"),
        (&without_hyphen, "has 3 hyphens, not 4"),
        (&letter, "'O' in it; is it the digit 0?"),
        (&HASH[1..], "has 63 digits, not 64"),
        (&hash_with_letter, "'l' in it; is it the digit 1?"),
    ] {
        let server = serving(id);
        let output = txwatch(["get", &format!("proof:{id}")]).proof(&server.url()).run();
        assert_eq!(output.code, 0, "{output:#?}");
        has(&output, &["warning: ", "complete and right?", needle]);
        let (_, records) = txwatch(["get", &format!("proof:{id}")]).proof(&server.url()).run_json();
        assert_eq!(mistyped(&records), 1, "{id}");
        let quiet = txwatch(["get", "-q", &format!("proof:{id}")]).proof(&server.url()).run();
        assert_eq!((quiet.code, quiet.stderr.as_str()), (0, ""));
        let bare = txwatch(["watch", id]).run();
        bare.fails(2, "None is set up");
        has(&bare, &[needle]);
    }
    for id in [ID, HASH, "order-1", &format!("{ID}-2"), &ID.replace('-', "")] {
        let server = serving(id);
        let output = txwatch(["get", &format!("proof:{id}")]).proof(&server.url()).run();
        assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{output:#?}");
    }
}

#[test]
fn many_ids_that_are_nearly_ones_are_not_all_named() {
    let ids: Vec<_> = (0..30).map(|last| format!("proof:{}{last:02}", &ID[..33])).collect();
    let typed = ["get", "-o", "json"].map(str::to_owned).into_iter().chain(ids);
    let output = txwatch(typed).proof("http://127.0.0.1:9").run();
    assert_eq!(output.stdout.matches("mistyped_target").count(), 21, "{output:#?}");
    assert!(output.stdout.contains("and 10 more targets look mistyped"), "{output:#?}");
}

#[test]
fn what_is_wrong_with_a_hash_is_said() {
    for (hash, needle) in [
        (HASH[1..].to_owned(), "it has 63 digits, not 64: 1 is missing"),
        (format!("{HASH}00"), "it has 66 digits, not 64: 2 are too many"),
        (format!("{}O", &HASH[1..]), "it has 'O' in it, as character 64 of 64; is it the digit 0?"),
    ] {
        for profile in ["cspr", "casper"] {
            txwatch(["watch", &format!("{profile}:{hash}")]).run().fails(2, needle);
        }
    }
}

#[test]
fn with_nothing_configured_an_id_offers_what_it_fits() {
    let uuid = txwatch(["watch", ID]).run();
    uuid.fails(2, "None is set up for such an id");
    has(&uuid, &[&format!("transak:{ID}"), &format!("proof:{ID}")]);
    assert!(!uuid.stderr.contains(&format!("casper:{ID}")), "{uuid:#?}");
    let hash = txwatch(["watch", HASH]).run();
    hash.fails(2, "None is set up for such an id");
    has(&hash, &[&format!("casper:{HASH}"), &format!("cspr:{HASH}")]);
    assert!(!hash.stderr.contains(&format!("proof:{HASH}")), "{hash:#?}");
    let word = txwatch(["watch", "order-1"]).run();
    word.fails(2, "None is set up for such an id");
    assert!(!word.stderr.contains("by its form"), "{word:#?}");
}

#[test]
fn without_a_token_an_order_can_still_be_watched() {
    for arguments in [&["get"][..], &["poll"], &["watch", "--transport", "poll"]] {
        let target = format!("transak:{ID}");
        let output = txwatch(arguments.iter().copied().chain([&*target])).run();
        output.fails(78, "profile transak has no token");
        has(&output, &[&format!("watching needs no token:  txwatch watch {target}")]);
    }
    // A partner's reference needs an API key in any case, and Proof a token.
    for target in ["transak:partner/ref", "proof:x"] {
        let output =
            txwatch(["get", target]).env("TXWATCH_PROOF_URL", "https://proof.invalid").run();
        output.fails(78, "has no token");
        assert!(!output.stderr.contains("watching needs no token"), "{output:#?}");
    }
}

#[test]
fn a_profile_that_nothing_uses_is_told() {
    let unused = |records: &[serde_json::Value]| {
        of_type(records, "warning").filter(|warning| warning["code"] == "unused_profile").count()
    };
    let (output, records) = txwatch(["get", "sandbox:happy", "-p", "proof"]).run_json();
    assert_eq!((output.code, unused(&records)), (0, 1), "{output:#?}");
    let output = txwatch(["get", "sandbox:happy", "-p", "proof"]).run();
    has(&output, &["warning: --profile proof is not used"]);
    let (_, records) = txwatch(["get", "sandbox:happy", "happy", "-p", "sandbox"]).run_json();
    assert_eq!(unused(&records), 0);
    let (_, records) = txwatch(["get", "sandbox:happy"]).env("TXWATCH_PROFILE", "proof").run_json();
    assert_eq!(unused(&records), 0);
    let command = txwatch(["get", "sandbox:happy"]).config("default_profile = \"proof\"\n");
    let (_, records) = command.run_json();
    assert_eq!(unused(&records), 0);
}
