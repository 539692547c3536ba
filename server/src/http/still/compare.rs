//! The environments of a system beside one another, as a page and as a table for spreadsheets.

use app::routes::Place;
use app::still::compare::{CompareView, compare};
use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use domain::compare::{Cell, Only, Table, Verdict};
use domain::name::SystemId;

use super::framed;
use crate::http::{Site, csv, pages};
use crate::people::Who;

/// What a query asks for, of what somebody sees: the systems, the one that is chosen, and its table. None where there is no
/// such system for them.
fn asked(site: &Site, who: &Who, query: &str) -> Option<CompareView> {
    let place = Place { path: String::new(), query: query.to_owned() };
    let parameter = |name: &str| place.parameter(name).filter(|text| !text.is_empty());
    let seen = site.rows.seen_by(&who.user.grants);
    let mut systems: Vec<(SystemId, String)> = Vec::new();
    for environment in seen.chrome().environments {
        if !systems.iter().any(|(id, _)| *id == environment.id.system) {
            systems.push((environment.id.system.clone(), environment.system.to_string()));
        }
    }
    let wanted = parameter("system");
    let chosen = match &wanted {
        Some(wanted) => Some(systems.iter().find(|(id, _)| id.as_str() == wanted)?.0.clone()),
        None => systems.first().map(|(id, _)| id.clone()),
    };
    let only = parameter("only").and_then(|only| only.parse().ok()).unwrap_or_default();
    let table = match &chosen {
        Some(system) => domain::compare::compare(&seen.columns(system), only),
        None => Table::default(),
    };
    Some(CompareView { systems, chosen, only, table })
}

/// The page.
pub async fn page(State(site): State<Site>, Extension(who): Extension<Who>, request: Request) -> Response {
    match asked(&site, &who, request.uri().query().unwrap_or_default()) {
        Some(view) => framed(site, who, request, StatusCode::OK, "Compare", || compare(view)).await,
        None => pages::render(site, who, request, StatusCode::NOT_FOUND, None).await,
    }
}

/// The table.
pub async fn csv(State(site): State<Site>, Extension(who): Extension<Who>, request: Request) -> Response {
    let Some(CompareView { chosen, only, table, .. }) = asked(&site, &who, request.uri().query().unwrap_or_default())
    else {
        return pages::render(site, who, request, StatusCode::NOT_FOUND, None).await;
    };
    let system = chosen.as_ref().map_or("none", SystemId::as_str);
    let rows = match only {
        Only::All => String::new(),
        Only::Differences | Only::Declared | Only::Environments => ["-", only.as_str()].concat(),
    };
    let name = format!("attachment; filename=\"quarterdeck-compare-{system}{rows}.csv\"");
    let headers = [(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, name)];
    (headers, lines(&table)).into_response()
}

/// Three columns for each environment: what is, what was declared where that is another, and how it is in a word.
fn lines(table: &Table) -> String {
    let mut head = vec!["what".to_owned(), "item".to_owned()];
    for (id, ..) in &table.columns {
        head.extend([id.to_string(), format!("{id} expected"), format!("{id} result")]);
    }
    let mut text = csv::line(&head);
    for group in &table.groups {
        for row in &group.rows {
            let mut line = vec![group.title.to_string(), row.name.to_string()];
            line.extend(row.cells.iter().flat_map(cell));
            text.push_str(&csv::line(&line));
        }
    }
    text
}

fn cell(cell: &Option<Cell>) -> [String; 3] {
    let Some(Cell { text, verdict }) = cell else { return [String::new(), String::new(), "absent".to_owned()] };
    let (expected, word) = match verdict {
        Verdict::Agrees => (String::new(), "agrees"),
        Verdict::Differs(expected) => (expected.to_string(), "differs"),
        Verdict::Undeclared => (String::new(), "not declared"),
        Verdict::Unknown(_) => (String::new(), "unknown"),
    };
    [text.to_string(), expected, word.to_owned()]
}
