//! The registry is read again when its file changes, however it is changed.

#![expect(clippy::unwrap_used, reason = "what a test relies on may panic")]

use std::path::Path;
use std::time::Duration;

use server::registry::{Current, follow};
use tokio::sync::watch::Receiver;
use tokio_util::sync::CancellationToken;

/// Far beyond the pause after an event and the poll where there are none.
const PATIENCE: Duration = Duration::from_secs(30);

/// A registry with this one system.
fn registry(system: &str) -> String {
    format!(
        "clusters:\n  - id: main\n    connect: {{ context: main }}\nsystems:\n  - id: {system}\n    name: Shop\n    environments:\n      \
         - id: production\n        cluster: main\n        namespace: shop\n        tier: production\n        timeZone: UTC\n        \
         components:\n          - {{ kind: Deployment, name: web, role: app, replicas: 1 }}\n"
    )
}

fn system(current: &Current) -> String {
    current.registry.systems[0].id.to_string()
}

/// Waits until the registry is this one and its trouble contains this; `None`: there is none.
async fn expect(receiver: &mut Receiver<Current>, id: &str, trouble: Option<&str>) {
    let fits = |current: &Current| {
        system(current) == id
            && match (trouble, current.trouble.as_deref()) {
                (None, None) => true,
                (Some(part), Some(text)) => text.contains(part),
                (None, Some(_)) | (Some(_), None) => false,
            }
    };
    let waited = tokio::time::timeout(PATIENCE, receiver.wait_for(fits)).await;
    assert!(waited.is_ok_and(|found| found.is_ok()), "wanted {id} and {trouble:?}, have {:?}", receiver.borrow());
}

fn replace_by_rename(file: &Path, text: &str) {
    let new = file.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, file).unwrap();
}

#[tokio::test]
async fn an_invalid_version_keeps_the_old_registry_and_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("registry.yaml");
    std::fs::write(&file, registry("first")).unwrap();
    let cancel = CancellationToken::new();
    let mut receiver = follow(file.clone(), cancel.clone()).await.unwrap();
    expect(&mut receiver, "first", None).await;

    std::fs::write(&file, registry("second").replace("production\n", "prod\n").replace("name: Shop", "nam: Shop"))
        .unwrap();
    expect(&mut receiver, "first", Some("registry.yaml:6:5: systems[0].nam: no field is called 'nam'")).await;
    expect(&mut receiver, "first", Some("(and 1 more problem)")).await;

    std::fs::write(&file, registry("second")).unwrap();
    expect(&mut receiver, "second", None).await;

    std::fs::remove_file(&file).unwrap();
    expect(&mut receiver, "second", Some("there is no such file")).await;

    std::fs::write(&file, registry("third")).unwrap();
    expect(&mut receiver, "third", None).await;

    cancel.cancel();
    let ended = tokio::time::timeout(PATIENCE, receiver.wait_for(|_| false)).await;
    assert!(ended.is_ok_and(|result| result.is_err()), "the loop ends when it is cancelled");
}

#[tokio::test]
async fn a_file_that_an_editor_replaces_is_followed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("registry.yaml");
    std::fs::write(&file, registry("first")).unwrap();
    let mut receiver = follow(file.clone(), CancellationToken::new()).await.unwrap();
    for id in ["second", "third"] {
        replace_by_rename(&file, &registry(id));
        expect(&mut receiver, id, None).await;
    }
    replace_by_rename(&file, "clusters: [");
    expect(&mut receiver, "third", Some("this is not YAML")).await;
    // The same registry again, though its text differs: the trouble goes, the registry stays the same object.
    let before = receiver.borrow().registry.clone();
    replace_by_rename(&file, &format!("# again\n{}", registry("third")));
    expect(&mut receiver, "third", None).await;
    assert!(std::sync::Arc::ptr_eq(&before, &receiver.borrow().registry));
}

/// As the kubelet mounts a ConfigMap: `registry.yaml -> ..data/registry.yaml`, and `..data` is swapped.
#[cfg(unix)]
#[tokio::test]
async fn a_mounted_config_map_is_followed() {
    use std::os::unix::fs::symlink;

    let directory = tempfile::tempdir().unwrap();
    let mount = |version: &str, text: &str| {
        let data = directory.path().join(version);
        std::fs::create_dir(&data).unwrap();
        std::fs::write(data.join("registry.yaml"), text).unwrap();
        symlink(version, directory.path().join("..data_tmp")).unwrap();
        std::fs::rename(directory.path().join("..data_tmp"), directory.path().join("..data")).unwrap();
    };
    mount("..2026_01", &registry("first"));
    let file = directory.path().join("registry.yaml");
    symlink("..data/registry.yaml", &file).unwrap();
    let mut receiver = follow(file, CancellationToken::new()).await.unwrap();
    expect(&mut receiver, "first", None).await;
    mount("..2026_02", &registry("second"));
    expect(&mut receiver, "second", None).await;
    mount("..2026_03", "clusters: []\n");
    expect(&mut receiver, "second", Some("the field 'systems' is missing")).await;
}

#[tokio::test]
async fn a_registry_that_is_invalid_at_the_start_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("registry.yaml");
    let error = follow(file.clone(), CancellationToken::new()).await.unwrap_err();
    assert!(error.to_string().contains("there is no such file"), "{error}");
    std::fs::write(&file, "clusters: []\n").unwrap();
    let error = follow(file, CancellationToken::new()).await.unwrap_err();
    assert!(error.to_string().contains("the field 'systems' is missing"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_pipe_that_nobody_writes_to_is_refused_and_not_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("registry.yaml");
    std::fs::write(&file, registry("first")).unwrap();
    let mut receiver = follow(file.clone(), CancellationToken::new()).await.unwrap();
    expect(&mut receiver, "first", None).await;
    let pipe = directory.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::fs::rename(&pipe, &file).unwrap();
    expect(&mut receiver, "first", Some("this is not a regular file")).await;
    replace_by_rename(&file, &registry("second"));
    expect(&mut receiver, "second", None).await;
    // By its own name, too, and through a link.
    std::fs::remove_file(&file).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::os::unix::fs::symlink(&pipe, &file).unwrap();
    expect(&mut receiver, "second", Some("this is not a regular file")).await;
}

#[tokio::test]
async fn half_a_registry_is_not_taken_over_while_it_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("registry.yaml");
    std::fs::write(&file, registry("first")).unwrap();
    let mut receiver = follow(file.clone(), CancellationToken::new()).await.unwrap();
    expect(&mut receiver, "first", None).await;
    // Written in place, piece by piece: what is there meanwhile is a valid registry, without the second component.
    let half = registry("second");
    let whole = format!("{half}          - {{ kind: Deployment, name: api, role: api, replicas: 1 }}\n");
    let seen = {
        let mut receiver = receiver.clone();
        tokio::spawn(async move {
            let mut seen = Vec::new();
            while receiver.changed().await.is_ok() {
                let components = receiver.borrow().registry.systems[0].environments[0].components.len();
                seen.push((system(&receiver.borrow()), components));
                if components == 2 {
                    break;
                }
            }
            seen
        })
    };
    let mut written = std::fs::File::create(&file).unwrap();
    let comments = "# a comment that an editor takes its time for\n";
    std::io::Write::write_all(&mut written, half.as_bytes()).unwrap();
    for _ in 0..20 {
        // An editor that writes in pieces; no state of the program under test is waited for here.
        tokio::time::sleep(Duration::from_millis(50)).await;
        std::io::Write::write_all(&mut written, comments.as_bytes()).unwrap();
    }
    std::fs::write(&file, &whole).unwrap();
    let seen = tokio::time::timeout(PATIENCE, seen).await.unwrap().unwrap();
    assert_eq!(seen, [("second".to_owned(), 2)]);
}
