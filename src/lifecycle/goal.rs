//! What the user waits for (`--until`).

use std::fmt;
use std::str::FromStr;

use crate::provider::Status;

/// The statuses that count as reaching the goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal(Vec<Status>);

/// The statuses of a transaction without problems, in order.
const HAPPY_PATH: [Status; 3] = [Status::Pending, Status::Processing, Status::Completed];

impl Goal {
    /// Whether a transaction in this status has reached the goal: the status is one of the goal's, or comes later on
    /// the happy path than one of them.
    pub fn is_met_by(&self, status: Status) -> bool {
        let place = |status| HAPPY_PATH.iter().position(|step| *step == status);
        self.0.iter().any(|goal| {
            *goal == status
                || matches!((place(*goal), place(status)), (Some(goal), Some(now)) if goal <= now)
        })
    }
}

impl FromStr for Goal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let statuses = text.split(',').map(|word| status(word.trim())).collect::<Result<_, _>>()?;
        Ok(Goal(statuses))
    }
}

/// What people write for any ending.
const ANY_ENDING: [&str; 8] =
    ["any", "all", "end", "ended", "final", "terminal", "finality", "closed"];

fn status(word: &str) -> Result<Status, String> {
    if ANY_ENDING.contains(&word.to_lowercase().as_str()) {
        let endings = Status::ALL.iter().filter(|status| status.is_final());
        let endings: Vec<_> = endings.map(|status| status.name()).collect();
        let endings = endings.join(",");
        return Err(format!(
            "no status is called '{word}'; every ending ends the command, and for each of them to be a \
             success write {endings}"
        ));
    }
    match word.parse()? {
        Status::Unknown => Err("unknown is never a goal".to_owned()),
        status => Ok(status),
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(|status| status.name()).collect();
        f.write_str(&names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goal(text: &str) -> Goal {
        text.parse().unwrap()
    }

    #[test]
    fn a_later_step_of_the_happy_path_satisfies_an_earlier_goal() {
        assert!(goal("processing").is_met_by(Status::Completed));
        assert!(goal("pending").is_met_by(Status::Processing));
        assert!(!goal("completed").is_met_by(Status::Processing));
    }

    #[test]
    fn nothing_off_the_happy_path_satisfies_by_being_later() {
        for status in [Status::OnHold, Status::Failed, Status::Refunded, Status::Unknown] {
            assert!(!goal("pending").is_met_by(status), "{status}");
        }
        assert!(goal("failed,refunded").is_met_by(Status::Refunded));
    }

    #[test]
    fn unknown_and_nonsense_are_no_goals() {
        assert!("unknown".parse::<Goal>().is_err());
        assert!("done".parse::<Goal>().unwrap_err().contains("done"));
        assert!("".parse::<Goal>().is_err());
    }

    #[test]
    fn any_ending_is_written_as_all_of_them() {
        let error = "Final".parse::<Goal>().unwrap_err();
        let (_, endings) = error.rsplit_once(' ').unwrap();
        assert_eq!(endings, "completed,failed,cancelled,expired,refunded");
        assert!(
            Status::ALL.iter().all(|status| goal(endings).is_met_by(*status) == status.is_final())
        );
    }
}
