//! The live view of more targets than there is room for.

use super::*;
use crate::event::{Row, Rows, View, ViewSize};

const SIZE: ViewSize = ViewSize { all_rows: 12, partial_rows: 9 };

fn names(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| row.target.strip_prefix("fake:").unwrap()).collect()
}

/// The slowest and the latest, where there is room for some only.
fn some(harness: &Harness) -> (Vec<String>, Vec<String>) {
    let owned = |rows| names(rows).into_iter().map(str::to_owned).collect();
    match harness.engine.view(harness.now, SIZE).rows {
        Rows::Partial { slowest, latest } => (owned(&slowest), owned(&latest)),
        Rows::All(rows) => panic!("there is no room for {}", rows.len()),
    }
}

#[test]
fn who_asks_is_told_of_all_or_of_those_that_have_not_moved_for_longest() {
    let mut harness = Harness::watching(plan(Mode::Watch, 100));
    harness.input(Input::StandingAsked);
    let Some(Event::Standing(View { rows: Rows::All(rows), .. })) = harness.events.last() else {
        panic!()
    };
    assert_eq!(rows.len(), 100);
    let mut harness = Harness::new(plan(Mode::Watch, 102));
    harness.subscribe();
    for target in [5, 7, 0] {
        harness.now += seconds(1);
        harness.push(target, Status::Processing, None);
    }
    harness.push(1, Status::Completed, None);
    harness.input(Input::StandingAsked);
    let Some(Event::Standing(View { rows: Rows::Partial { slowest, latest }, open, .. })) =
        harness.events.last()
    else {
        panic!()
    };
    assert_eq!(*open, [(None, 98), (Some(Status::Processing), 3)]);
    let names = names(slowest);
    assert_eq!((names.len(), names[98], names[99], latest.len()), (100, "5", "7", 0));
    assert!(!names.contains(&"0") && !names.contains(&"1"));
}

#[test]
fn each_target_has_its_row_where_there_is_room() {
    let harness = Harness::watching(plan(Mode::Watch, 12));
    let Rows::All(rows) = harness.engine.view(harness.now, SIZE).rows else { panic!() };
    assert_eq!(names(&rows), ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"]);
}

#[test]
fn many_are_counted_by_status() {
    let mut harness = Harness::new(plan(Mode::Watch, 30));
    harness.subscribe();
    (0..20).for_each(|target| harness.push(target, Status::Processing, None));
    (0..5).for_each(|target| harness.push(target, Status::Completed, None));
    harness.push(5, Status::Failed, None);
    harness.push(6, Status::OnHold, None);
    let view = harness.engine.view(harness.now, SIZE);
    assert_eq!((view.targets, view.reached, view.not_reached), (30, 5, 1));
    let counts = [(None, 10), (Some(Status::Processing), 13), (Some(Status::OnHold), 1)];
    assert_eq!(view.open, counts);
}

#[test]
fn the_slowest_and_the_latest_have_the_rows() {
    let mut harness = Harness::new(plan(Mode::Watch, 30));
    harness.subscribe();
    // There is no report yet: all are equally slow, and nothing changed.
    assert_eq!(some(&harness).0, ["0", "1", "2", "3", "4", "5", "6", "7", "8"]);
    assert_eq!(some(&harness).1, [] as [&str; 0]);
    for target in 0..30 {
        harness.now = seconds(target as u64);
        harness.push(target, Status::Processing, None);
    }
    assert_eq!(some(&harness).0, ["0", "1", "2", "3", "4", "5"]);
    assert_eq!(some(&harness).1, ["29", "28", "27"]);
    harness.now = seconds(40);
    harness.push(3, Status::Completed, None);
    harness.now = seconds(41);
    harness.push(1, Status::OnHold, None);
    assert_eq!(some(&harness).0, ["0", "2", "4", "5", "6", "7"]);
    assert_eq!(some(&harness).1, ["1", "3", "29"]);
    // Open targets have the rows that they need, and settled ones the rest.
    for target in (0..30).filter(|target| ![1, 3, 12].contains(target)) {
        harness.now += seconds(1);
        harness.push(target, Status::Cancelled, None);
    }
    assert_eq!(some(&harness).0, ["12", "1"]);
    assert_eq!(some(&harness).1, ["29", "28", "27", "26", "25", "24", "23"]);
}
