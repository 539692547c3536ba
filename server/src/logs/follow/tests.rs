use super::*;

#[test]
fn an_environment_is_elsewhere_where_its_pods_may_be_others() {
    const TEXT: &str = "{ clusters: [{ id: main, connect: { context: main } }, { id: side, connect: { context: side } }], \
         systems: [{ id: shop, name: Shop, environments: [{ id: production, cluster: main, namespace: shop, \
         tier: production, timeZone: UTC, components: [{ kind: Deployment, name: web, role: app, replicas: 1 }] }] }] }";
    let declared = |from: &str, to: &str| {
        assert!(TEXT.contains(from), "{from}");
        let registry = crate::registry::parse("sample", TEXT.replacen(from, to, 1).as_bytes()).unwrap();
        registry.environment(&"shop/production".parse().unwrap()).unwrap().1.clone()
    };
    let known = declared("", "");
    for (from, to, expected) in [
        ("", "", true),
        ("name: Shop", "name: The Shop", true),
        ("timeZone: UTC", "timeZone: UTC, recordLogViews: true", true),
        ("cluster: main,", "cluster: side,", false),
        ("namespace: shop,", "namespace: shop-2,", false),
        ("name: web", "name: api", false),
        ("kind: Deployment", "kind: StatefulSet", false),
    ] {
        assert_eq!(is_same_place(&known, &declared(from, to)), expected, "{to}");
    }
}

#[test]
fn what_a_page_does_not_show_is_said() {
    let at = |at| Position { at, count: 1 };
    // Of a log that was asked for since 10.
    for (after, next, is_first, lost, expected) in [
        (None, 20, true, 0, Missing::Nothing),
        (None, 20, true, 3, Missing::Counted(3)),
        (Some(at(15)), 20, true, 0, Missing::Nothing),
        (Some(at(5)), 20, true, 0, Missing::Since(at(5))),
        (Some(Position { at: 5, count: 0 }), 20, true, 0, Missing::Nothing),
        (Some(at(15)), 20, true, 3, Missing::Since(at(15))),
        // The page shows them.
        (Some(at(20)), 20, true, 3, Missing::Nothing),
        (Some(at(25)), 20, false, 3, Missing::Nothing),
        (Some(at(15)), 20, false, 3, Missing::Counted(3)),
        (None, 20, false, 0, Missing::Nothing),
    ] {
        let found = missing(after, (at(next), is_first), lost, |at| at >= 10);
        assert_eq!(found, expected, "{after:?} {next} {is_first} {lost}");
    }
}
