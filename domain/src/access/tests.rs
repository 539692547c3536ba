use super::*;

fn environment(text: &str) -> EnvironmentId {
    text.parse().unwrap()
}

fn grants(all: &[(Role, &str)]) -> Grants {
    Grants(all.iter().map(|(role, scope)| Grant { role: *role, scope: scope.parse().unwrap() }).collect())
}

#[test]
fn each_role_holds_its_rights_and_no_others() {
    use Right::*;
    for (role, expected) in [
        (Role::Viewer, vec![Look]),
        (Role::Tester, vec![Look, ResetDemoData]),
        (Role::Operator, vec![Look, ResetDemoData, Operate]),
        (Role::Lead, vec![Look, ResetDemoData, Operate, Approve]),
        (Role::Admin, vec![Administer]),
    ] {
        let held: Vec<_> = Right::ALL.into_iter().filter(|right| role.holds(*right)).collect();
        assert_eq!(held, expected, "{role}");
    }
}

#[test]
fn a_scope_covers_what_it_names_and_nothing_that_looks_alike() {
    let staging = environment("fleet-management/staging");
    let production = environment("fleet-management/production");
    let other = environment("fleet/management-staging");
    for (scope, place, expected) in [
        ("*", Place::Console, true),
        ("*", Place::Unregistered, true),
        ("*", Place::Environment(&staging), true),
        ("fleet-management", Place::Environment(&staging), true),
        ("fleet-management", Place::Environment(&production), true),
        ("fleet-management", Place::Environment(&other), false),
        ("fleet-management", Place::Unregistered, false),
        ("fleet-management", Place::Console, false),
        ("fleet", Place::Environment(&staging), false),
        ("fleet-management/staging", Place::Environment(&staging), true),
        ("fleet-management/staging", Place::Environment(&production), false),
        ("fleet-management/staging", Place::Unregistered, false),
    ] {
        assert_eq!(scope.parse::<Scope>().unwrap().covers(place), expected, "{scope} {place:?}");
    }
}

#[test]
fn a_right_needs_role_and_scope_in_one_grant() {
    let (staging, production) = (environment("a/staging"), environment("a/production"));
    let both = grants(&[(Role::Operator, "a/staging"), (Role::Viewer, "*")]);
    assert!(both.may(Right::Operate, Place::Environment(&staging)));
    assert!(!both.may(Right::Operate, Place::Environment(&production)), "viewer everywhere lends no operator");
    assert!(both.sees(&production) && both.sees_everything());
    assert_eq!(both.role_for(Right::Look, Place::Environment(&staging)), Some(Role::Operator));
    assert_eq!(both.role_for(Right::Operate, Place::Environment(&production)), None);
    let admin = grants(&[(Role::Admin, "*")]);
    assert!(!admin.sees(&staging), "an admin looks at nothing by being one");
    assert!(admin.may(Right::Administer, Place::Console));
}

#[test]
fn a_scope_is_read_as_it_is_written() {
    for text in ["*", "fleet-management", "fleet-management/staging"] {
        assert_eq!(text.parse::<Scope>().unwrap().to_string(), text);
    }
    for text in ["", "/", "a/", "/b", "a/b/c", "A", "**", "a/*", " *"] {
        let error = text.parse::<Scope>().unwrap_err().to_string();
        assert!(error.contains("is not a scope"), "{text:?}: {error}");
    }
    assert_eq!(
        "root".parse::<Role>().unwrap_err().to_string(),
        "'root' is not a role: write viewer, tester, operator, lead or admin"
    );
}

#[test]
fn roles_are_given_by_another_admin() {
    let admin = grants(&[(Role::Admin, "*")]);
    let lead = grants(&[(Role::Lead, "*")]);
    let operator = Grant { role: Role::Operator, scope: Scope::Everywhere };
    let admins = Grant { role: Role::Admin, scope: Scope::Everywhere };
    let narrow = Grant { role: Role::Admin, scope: "a".parse().unwrap() };
    for (what, actor, own, grant, gives, holds, count, expected) in [
        ("to another", &admin, false, &operator, true, false, 1, Ok(())),
        ("to oneself", &admin, true, &operator, true, true, 2, Err(GrantRefusal::OwnRoles)),
        ("from oneself", &admin, true, &admins, false, true, 2, Err(GrantRefusal::OwnRoles)),
        ("by a lead", &lead, false, &operator, true, false, 1, Err(GrantRefusal::NotAdmin)),
        ("one of two admins", &admin, false, &admins, false, true, 2, Ok(())),
        ("the last admin", &admin, false, &admins, false, true, 1, Err(GrantRefusal::LastAdmin)),
        ("an admin of a system", &admin, false, &narrow, true, false, 1, Err(GrantRefusal::AdminScope)),
    ] {
        assert_eq!(judge_grant(actor, own, grant, gives, holds, count), expected, "{what}");
    }
}
