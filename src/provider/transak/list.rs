//! A list of orders, and which of the orders with one partner's reference counts.

use std::cmp::Reverse;

use serde_json::{Map, Value};

use super::answer::data;
use super::order::{Order, STATUSES};
use crate::provider::{Report, Status, json};
use crate::warning::{Warning, WarningCode};

/// The products that a list is asked for.
pub(super) const PRODUCTS: [&str; 2] = ["BUY", "SELL"];

/// A page of a list of orders: `{"meta": {"filter", "totalCount"}, "data": [order…]}`.
pub(super) struct Page {
    /// The orders that can be read, in the order of the list.
    pub(super) orders: Vec<Order>,
    /// What is wrong with the first of the others, if there are any.
    pub(super) problem: Option<String>,
    /// How many orders are on the page.
    pub(super) count: usize,
    /// How many orders there are on all pages, if it is said.
    pub(super) total: Option<u64>,
    /// Whether the answer echoes the filter.
    pub(super) has_echo: bool,
    /// The reference in the echo.
    echoed_reference: Option<Vec<String>>,
    /// The products of which no order is listed, according to the echo.
    pub(super) hidden_products: Vec<&'static str>,
    /// Whether orders of some statuses are not listed, according to the echo.
    pub(super) hides_statuses: bool,
}

/// Reads a page. `products` are those that were asked for.
///
/// # Errors
/// One sentence on what is wrong with it.
pub(super) fn read_page(
    mut body: Map<String, Value>,
    products: &[&'static str],
) -> Result<Page, String> {
    let listed = match data(&mut body)? {
        Value::Array(orders) => orders,
        other => {
            return Err(format!("its data is {}, not a list of orders", json::type_name(&other)));
        }
    };
    let count = listed.len();
    let mut problem = None;
    let mut orders = Vec::new();
    for order in listed.into_iter().map(Order::of) {
        match order {
            Ok(order) => orders.push(order),
            Err(error) => problem = problem.or(Some(error)),
        }
    }
    let meta = body.get("meta").and_then(Value::as_object);
    let filter = meta.and_then(|meta| meta.get("filter")?.as_object());
    let echoed = |key: &str| words(filter?.get(key)?);
    // What is listed in spite of the echo shows that it does not say what is listed.
    let lists = |known: &Option<Vec<String>>, word: Option<&str>| match (known, word) {
        (Some(known), Some(word)) => known.iter().any(|known| known == word),
        _ => true,
    };
    let echoed_products = echoed("productsAvailed");
    let lists_product = |product: &str| {
        lists(&echoed_products, Some(product))
            || orders.iter().any(|order| order.product().as_deref() == Some(product))
    };
    let statuses = echoed("status");
    Ok(Page {
        problem,
        count,
        total: meta.and_then(|meta| meta.get("totalCount")?.as_u64()),
        has_echo: filter.is_some(),
        echoed_reference: echoed("partnerOrderId"),
        hidden_products: products.iter().copied().filter(|it| !lists_product(it)).collect(),
        hides_statuses: STATUSES.iter().any(|status| !lists(&statuses, Some(status)))
            && orders.iter().all(|order| lists(&statuses, order.word())),
        orders,
    })
}

/// The reports about the orders of a page that have this reference. There may be others, which a server lists that does
/// not know the filter.
///
/// # Errors
/// One sentence on what is wrong with an order.
pub(super) fn attempts(page: &mut Page, reference: &str) -> Result<Vec<Report>, String> {
    if let Some(problem) = page.problem.take() {
        return Err(problem);
    }
    let is_filtered = page
        .echoed_reference
        .as_ref()
        .is_some_and(|echo| *echo == [reference.to_ascii_uppercase()]);
    let is_mine = |order: &Order| match order.reference() {
        Some(other) => other == reference,
        None => is_filtered,
    };
    let mine = std::mem::take(&mut page.orders).into_iter().filter(is_mine);
    let mut reports: Vec<Report> = Vec::new();
    let mut problem = None;
    for report in mine.map(Order::report_attempt) {
        let report = match report {
            Ok(report) => report,
            Err(error) => {
                problem = Some(error);
                continue;
            }
        };
        match reports.iter().find(|known| id(known) == id(&report)) {
            Some(known) if known.provider_status != report.provider_status => {
                return Err(format!("it lists the order {} twice, and differently", id(&report)));
            }
            Some(_) => {}
            None => reports.push(report),
        }
    }
    // What cannot be read may be an order that runs; one that is completed counts all the same.
    let is_completed = |report: &Report| report.status == Status::Completed;
    match problem {
        Some(problem) if !reports.iter().any(is_completed) => Err(problem),
        _ => Ok(reports),
    }
}

/// The words of an echoed filter: a list, a word, or a list as text; none if it is empty.
fn words(value: &Value) -> Option<Vec<String>> {
    let mut found = Vec::new();
    collect_words(value, &mut found);
    Some(found).filter(|found| !found.is_empty())
}

fn collect_words(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => match serde_json::from_str(text) {
            Ok(list @ Value::Array(_)) => collect_words(&list, found),
            _ => {
                let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
                found.extend(words.map(str::to_ascii_uppercase));
            }
        },
        Value::Array(items) => items.iter().for_each(|item| collect_words(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| collect_words(field, found)),
        _ => {}
    }
}

fn id(report: &Report) -> &str {
    report.attempt.as_ref().map_or("", |attempt| &attempt.id)
}

/// The report about the order that counts: the newest that is completed; else the newest that runs, an unknown status
/// included; else the newest ending. Of orders that cannot be told apart by time it is the first, as lists are asked
/// for with the newest first. None if there is no order.
pub(super) fn choose(mut reports: Vec<Report>) -> Option<Report> {
    let created_at = |report: &Report| report.attempt.as_ref()?.created_at;
    reports.sort_by_key(|report| {
        let rank = match report.status {
            Status::Completed => 2,
            status if !status.is_final() => 1,
            _ => 0,
        };
        Reverse((rank, created_at(report)))
    });
    let mut reports = reports.into_iter();
    let mut chosen = reports.next()?;
    let others: Vec<Report> = reports.collect();
    if chosen.status.is_final() && !others.is_empty() {
        chosen.warning = Some(several_orders(&chosen, &others));
    }
    if let Some(attempt) = &mut chosen.attempt {
        attempt.others = others.iter().map(|other| (id(other).to_owned(), other.status)).collect();
    }
    Some(chosen)
}

fn several_orders(chosen: &Report, others: &[Report]) -> Warning {
    /// How many of the other orders are named.
    const NAMED: usize = 5;
    let name = |report: &Report| format!("{} ({})", id(report), report.provider_status);
    let mut named = others.iter().take(NAMED).map(name).collect::<Vec<_>>().join(", ");
    if others.len() > NAMED {
        named.push_str(&format!(" and {} more", others.len() - NAMED));
    }
    let message = format!(
        "several orders have this partnerOrderId: {} counts; {} {named}",
        name(chosen),
        if others.len() == 1 { "the other is" } else { "the others are" }
    );
    Warning::new(WarningCode::SeveralOrders, message)
}
