use proptest::prelude::*;

use super::*;
use crate::name::WorkloadKind;
use crate::registry::Role;

fn component(kind: WorkloadKind, name: &str, role: Role) -> Place {
    Place::Component { kind, name: name.into(), role }
}

fn app() -> Place {
    component(WorkloadKind::Deployment, "fleet-app", Role::App)
}

fn is(text: &str) -> Actual {
    Actual::Is(Value::Text(text.into()))
}

fn amount(text: &str) -> Value {
    Value::Amount(text.parse().unwrap())
}

fn declared(text: &str, agrees: bool) -> Expected {
    Expected::Declared { text: text.into(), agrees }
}

fn item(place: &Place, name: &str, actual: Actual, expected: Expected) -> Item {
    Item { place: place.clone(), name: name.into(), actual, expected }
}

fn columns(items: impl IntoIterator<Item = Vec<Item>>) -> Vec<Column> {
    let named = [("staging", Tier::Staging), ("production", Tier::Production), ("other", Tier::Production)];
    let column = |((name, tier), items): ((&str, Tier), Vec<Item>)| Column {
        id: ["fleet/", name].concat().parse().unwrap(),
        title: name.into(),
        tier,
        items,
    };
    named.into_iter().zip(items).map(column).collect()
}

/// Group, row, and what stands in its cells: `3`, `3!5` for expected 5, `?`, `-` where there is none.
fn drawn(table: &Table) -> Vec<(String, String, Vec<String>)> {
    let cell = |cell: &Option<Cell>| match cell {
        None => "-".to_owned(),
        Some(Cell { text, verdict: Verdict::Differs(expected) }) => format!("{text}!{expected}"),
        Some(Cell { text, verdict: Verdict::Undeclared }) => format!("({text})"),
        Some(Cell { text, verdict: Verdict::Agrees | Verdict::Unknown(_) }) => text.to_string(),
    };
    let rows = table.groups.iter().flat_map(|group| group.rows.iter().map(move |row| (&group.title, row)));
    rows.map(|(title, row)| (title.to_string(), row.name.to_string(), row.cells.iter().map(cell).collect())).collect()
}

#[test]
fn rows_are_shown_by_what_differs_in_them() {
    let app = app();
    let map = Place::ConfigMap("fleet-config".into());
    let table = |only| {
        let staging = vec![
            item(&app, "version", is("v2"), Expected::Free),
            item(&app, "replicas", is("2"), declared("2", true)),
            item(&app, "HPA", is("1–4"), declared("none", false)),
            item(&app, "CPU limit", Actual::Is(amount("1")), declared("1", true)),
            item(&app, "storage", is("none"), Expected::Undeclared),
            item(&map, "LOG_LEVEL", is("info"), declared("info", true)),
        ];
        let production = vec![
            item(&app, "version", is("v1"), Expected::Free),
            item(&app, "replicas", is("2"), declared("2", true)),
            item(&app, "HPA", Actual::Unknown("Not to be read.".into()), declared("3–20", false)),
            item(&app, "CPU limit", Actual::Is(amount("1000m")), Expected::Undeclared),
            item(&app, "storage", is("none"), Expected::Undeclared),
        ];
        compare(&columns([staging, production]), only)
    };
    let row = |group: &str, name: &str, cells: [&str; 2]| {
        (group.to_owned(), name.to_owned(), cells.map(str::to_owned).to_vec())
    };
    let version = row("Deployment fleet-app", "version", ["(v2)", "(v1)"]);
    let replicas = row("Deployment fleet-app", "replicas", ["2", "2"]);
    let autoscaler = row("Deployment fleet-app", "HPA", ["1–4!none", "?"]);
    let limit = row("Deployment fleet-app", "CPU limit", ["1", "(1000m)"]);
    let level = row("ConfigMap fleet-config", "LOG_LEVEL", ["info", "-"]);
    for (only, expected) in [
        (Only::All, vec![&version, &replicas, &autoscaler, &limit, &level]),
        (Only::Differences, vec![&version, &autoscaler]),
        (Only::Declared, vec![&autoscaler]),
        (Only::Environments, vec![&version]),
    ] {
        let table = table(only);
        assert_eq!(drawn(&table).iter().collect::<Vec<_>>(), expected, "{only:?}");
        // Counted whether shown or not.
        assert_eq!((table.differ_from_declared, table.differ_between, table.unknown), (1, 1, 1), "{only:?}");
    }
}

#[test]
fn what_is_called_differently_and_is_there_for_the_same_stands_in_one_row() {
    use WorkloadKind::{Deployment, StatefulSet};
    let replicas = |kind, name: &str, role, count: &str| {
        item(&component(kind, name, role), "replicas", is(count), declared(count, true))
    };
    let staging = vec![
        replicas(Deployment, "super-todo", Role::App, "1"),
        replicas(StatefulSet, "postgres-staging", Role::Database, "1"),
        replicas(StatefulSet, "redis-staging", Role::Cache, "1"),
        replicas(Deployment, "mailer", Role::Worker, "1"),
    ];
    let production = vec![
        replicas(StatefulSet, "postgres-production", Role::Database, "3"),
        replicas(StatefulSet, "redis-production", Role::Cache, "6"),
        // What it is there for is written differently, and it is the same.
        replicas(Deployment, "super-todo", Role::Api, "2"),
        // Two of a role: which of them is the other's is not known.
        replicas(Deployment, "reports", Role::Worker, "1"),
        replicas(Deployment, "exports", Role::Worker, "1"),
    ];
    let table = compare(&columns([staging, production]), Only::All);
    let drawn = drawn(&table);
    let drawn: Vec<(&str, Vec<&str>)> =
        drawn.iter().map(|(group, _, cells)| (&**group, cells.iter().map(String::as_str).collect())).collect();
    assert_eq!(
        drawn,
        [
            ("Deployment super-todo", vec!["1", "2"]),
            ("StatefulSet postgres-staging / postgres-production", vec!["1", "3"]),
            ("StatefulSet redis-staging / redis-production", vec!["1", "6"]),
            ("Deployment mailer", vec!["1", "-"]),
            ("Deployment reports", vec!["-", "1"]),
            ("Deployment exports", vec!["-", "1"]),
        ]
    );
    // One that is not there is another than one that is.
    assert_eq!(table.differ_between, 6);
}

#[test]
fn groups_go_from_components_to_what_is_around_them() {
    let of = |place: &Place| item(place, "x", is("1"), declared("1", true));
    let map = Place::ConfigMap("a".into());
    let table = compare(&columns([vec![of(&Place::LimitRange), of(&Place::Quota), of(&map), of(&app())]]), Only::All);
    let titles: Vec<&str> = table.groups.iter().map(|group| &*group.title).collect();
    assert_eq!(titles, ["Deployment fleet-app", "ConfigMap a", "ResourceQuota", "LimitRange"]);
}

#[test]
fn a_choice_of_rows_is_read_as_it_is_written() {
    for only in Only::ALL {
        assert_eq!(only.as_str().parse(), Ok(only));
    }
    assert_eq!("x".parse::<Only>(), Err(OnlyError));
}

fn any_item() -> impl Strategy<Value = Option<Item>> {
    let value = prop_oneof![
        Just(Value::Nothing),
        (0..3u8).prop_map(|number| Value::Text(number.to_string().into())),
        (1..3u8).prop_map(|number| amount(&number.to_string())),
        (1..3u8).prop_map(|number| amount(&format!("{number}000m"))),
    ];
    let actual = prop_oneof![4 => value.clone().prop_map(Actual::Is), 1 => Just(Actual::Unknown("why".into()))];
    proptest::option::weighted(
        0.8,
        (0..3usize, actual, proptest::option::of(value)).prop_map(|(place, actual, expected)| {
            let place = [app(), Place::ConfigMap("a".into()), Place::Quota][place].clone();
            Item::new(&place, "x", actual, expected.as_ref())
        }),
    )
}

proptest! {
    /// A cell differs exactly when what is known is not what was declared; rows are shown exactly when they fit the choice,
    /// and nothing that is declared is lost.
    #[test]
    fn a_cell_differs_exactly_when_what_is_known_is_not_what_was_declared(
        items in proptest::collection::vec(proptest::collection::vec(any_item(), 0..3), 1..4)
    ) {
        let mut columns = columns(items.into_iter().map(|items| items.into_iter().flatten().collect()));
        for column in &mut columns {
            // A place says a thing once.
            let mut seen: Vec<Place> = Vec::new();
            column.items.retain(|item| !seen.contains(&item.place) && { seen.push(item.place.clone()); true });
        }
        let all = compare(&columns, Only::All);
        let mut differing = 0;
        for (number, column) in columns.iter().enumerate() {
            for item in &column.items {
                let title = title(&[Some(&item.place)]);
                let group = all.groups.iter().find(|group| group.title == title);
                let Some(group) = group else {
                    prop_assert_eq!(&item.expected, &Expected::Undeclared);
                    continue;
                };
                let cell = group.rows[0].cells[number].as_ref().unwrap();
                let differs = match (&item.actual, &item.expected) {
                    (Actual::Is(value), Expected::Declared { text, .. }) => {
                        // Amounts agree however they are written.
                        let amount = |text: &str| text.parse::<crate::quantity::Quantity>().map(|amount| amount.milli());
                        match value {
                            Value::Amount(held) => amount(text) != Ok(held.milli()) || !matches!(cell.verdict, Verdict::Agrees),
                            Value::Nothing | Value::Text(_) => !matches!(cell.verdict, Verdict::Agrees),
                        }
                    }
                    (Actual::Is(_) | Actual::Unknown(_), _) => false,
                };
                prop_assert_eq!(matches!(cell.verdict, Verdict::Differs(_)), differs);
                prop_assert_eq!(differs, item.differs());
                prop_assert_eq!(matches!(cell.verdict, Verdict::Unknown(_)), matches!(item.actual, Actual::Unknown(_)));
                differing += usize::from(differs);
            }
        }
        let cells = all.groups.iter().flat_map(|group| &group.rows).flat_map(|row| row.cells.iter().flatten());
        prop_assert_eq!(cells.filter(|cell| matches!(cell.verdict, Verdict::Differs(_))).count(), differing);
        for only in Only::ALL {
            let shown = compare(&columns, only);
            let fits = |row: &&Row| match only {
                Only::All => true,
                Only::Differences => row.differs_from_declared || row.differs_between,
                Only::Declared => row.differs_from_declared,
                Only::Environments => row.differs_between,
            };
            let expected: Vec<&Row> = all.groups.iter().flat_map(|group| &group.rows).filter(fits).collect();
            let shown: Vec<&Row> = shown.groups.iter().flat_map(|group| &group.rows).collect();
            prop_assert_eq!(shown, expected);
        }
    }
}
