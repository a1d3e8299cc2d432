use std::path::Path;
use std::time::Duration;

use super::{PlanBuilder, Prepared};
use crate::cli::arguments::{OutputArgs, TargetArgs, TimeArgs};
use crate::cli::target_lines::TypedTarget;
use crate::config::options::{APPEAR_TIMEOUT, GRACE, HEARTBEAT, MAX_OUTAGE, TIMEOUT, UNTIL};
use crate::config::values::{Interval, Span, Timeout};
use crate::config::{CommandKind, CommandOptions, Config, Environment, Reading, Registry, parse};
use crate::engine::plan::{Mode, Plan};
use crate::engine::{ListIndex, ProfileId, TargetId};
use crate::warning::WarningCode;

const FILE: &str = "
[defaults]
interval = '7s'
max_outage = '2m'
show_personal = true
[profiles.staging]
provider = 'proof'
url = 'http://127.0.0.1:9'
grace = '10s'
";

const GET: Mode = Mode::Get { exit_status: false };

fn config(text: &str) -> Config {
    let registry = Registry::built_in();
    let path = Path::new("/config.toml");
    let variables = [
        ("TXWATCH_PROOF_URL", "http://127.0.0.1:9"),
        ("TXWATCH_PROOF_TOKEN", "t"),
        ("TXWATCH_STAGING_TOKEN", "t"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Config {
        path: path.to_owned(),
        exists: true,
        file: parse(text, path, &registry).unwrap(),
        environment: variables.into_iter().collect::<Environment>(),
        registry,
        reading: Reading::start(None),
        warnings: Vec::new(),
    }
}

fn plan(config: &Config, kind: CommandKind, arguments: &TargetArgs, typed: &[&str]) -> Plan {
    let mode = if kind == CommandKind::Get { GET } else { Mode::Watch };
    let typed: Vec<_> = typed.iter().map(|target| TypedTarget::from(*target)).collect();
    let builder = PlanBuilder::new(arguments, mode, config.options(kind), config);
    builder.targets(&typed).unwrap().plan
}

#[test]
fn a_plan_without_options_is_the_table() {
    let config = config("");
    for kind in [CommandKind::Follow, CommandKind::Get] {
        let plan = plan(&config, kind, &TargetArgs::default(), &["proof:1"]);
        assert_eq!(plan.timeout, TIMEOUT.built_in(kind).unwrap().0);
        assert_eq!(plan.heartbeat, HEARTBEAT.built_in(kind).unwrap().0);
        assert_eq!(plan.goal, UNTIL.built_in(kind).unwrap());
        assert!(!plan.show_personal && !plan.any && plan.expectations.is_empty());
        let profile = &plan.profiles[ProfileId::at(0)];
        assert_eq!(profile.appear_timeout, APPEAR_TIMEOUT.built_in(kind).unwrap().0);
        assert_eq!(profile.max_outage, MAX_OUTAGE.built_in(kind).unwrap().0);
        assert_eq!(profile.grace, GRACE.built_in(kind).unwrap().0);
        assert_eq!(profile.interval, profile.provider.spec().pace.interval);
    }
}

#[test]
fn each_profile_has_its_own_options_and_what_is_typed_holds_for_all() {
    let config = config(FILE);
    let typed = ["proof:1", "staging:1", "staging:2"];
    let followed = plan(&config, CommandKind::Follow, &TargetArgs::default(), &typed);
    let graces: Vec<_> = followed.profiles.iter().map(|profile| profile.grace).collect();
    assert_eq!(graces, [Duration::ZERO, Duration::from_secs(10)]);
    assert!(followed.profiles.iter().all(|profile| profile.interval == Duration::from_secs(7)));
    assert!(followed.show_personal);
    let profiles: Vec<_> = followed.targets.iter().map(|target| target.profile).collect();
    assert_eq!(profiles, [0, 1, 1].map(ProfileId::at));

    let arguments = TargetArgs {
        time: TimeArgs {
            grace: Some(Span(Duration::from_secs(1))),
            interval: Some(Interval(Duration::from_secs(2))),
            ..TimeArgs::default()
        },
        output: OutputArgs { heartbeat: Some(Timeout(None)), ..OutputArgs::default() },
        ..TargetArgs::default()
    };
    let followed = plan(&config, CommandKind::Follow, &arguments, &typed);
    assert!(followed.profiles.iter().all(|profile| profile.grace == Duration::from_secs(1)));
    assert!(followed.profiles.iter().all(|profile| profile.interval == Duration::from_secs(2)));
    assert_eq!(followed.heartbeat, None);
}

#[test]
fn a_target_that_is_named_in_two_ways_is_watched_once() {
    let config = config("default_profile = 'proof'");
    let followed =
        plan(&config, CommandKind::Follow, &TargetArgs::default(), &["proof:1", "1", "2"]);
    let names: Vec<_> = followed.targets.iter().map(|target| &*target.name.target).collect();
    assert_eq!(names, ["proof:1", "proof:2"]);
    let notices: Vec<_> = followed.notices.iter().map(|notice| notice.code).collect();
    assert_eq!(notices, [WarningCode::DuplicateTarget]);
}

#[test]
fn a_probe_looks_up_the_probe_id_with_the_built_in_options() {
    let config = config(FILE);
    let arguments = TargetArgs::default();
    let options = CommandOptions::built_in(CommandKind::Get);
    let builder = PlanBuilder::new(&arguments, GET, options, &config);
    let Prepared { plan, .. } = builder.probe("staging").unwrap();
    let profile = &plan.profiles[ProfileId::at(0)];
    assert_eq!(profile.grace, Duration::ZERO);
    assert_eq!(profile.interval, profile.provider.spec().pace.interval);
    assert_eq!(profile.max_outage, Some(Duration::ZERO));
    assert!(!plan.show_personal);
    let target = &plan.targets[TargetId::at(0)];
    assert_eq!(target.id, profile.provider.spec().probe_id);
    assert_eq!(*target.name.target, *format!("staging:{}", target.id));
}
