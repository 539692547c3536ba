//! What `quarterdeck check` says of files that are not registries.

use std::path::Path;

use server::registry;

/// Every `fixtures/registry/*.yaml` says exactly what stands beside it in `*.txt`. A missing or wrong text fails with the
/// one that was found, to be judged and copied.
#[test]
fn every_problem_is_found_at_its_line_with_what_to_write_instead() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/registry");
    let mut files: Vec<_> = std::fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    assert!(files.len() > 15, "the fixtures are gone from {}", directory.display());
    let mut wrong = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let found = match registry::parse(name, &std::fs::read(&file).unwrap()) {
            Ok(_) => "No problems.\n".to_owned(),
            Err(error) => format!("{error}\n"),
        };
        if found != std::fs::read_to_string(file.with_extension("txt")).unwrap_or_default() {
            wrong.push(found);
        }
    }
    assert!(wrong.is_empty(), "not what the .txt files say:\n\n{}", wrong.join("\n"));
}

#[test]
fn a_file_too_large_to_be_a_registry_is_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("large.yaml");
    std::fs::write(&file, vec![b'#'; 1024 * 1024 + 1]).unwrap();
    let error = registry::load(&file).unwrap_err();
    assert!(
        error.to_string().ends_with("large.yaml: the file is larger than 1 MiB: this is not a registry"),
        "{error}"
    );
}

/// Whatever is lost from a registry, each problem has a place in the file.
#[test]
fn a_damaged_registry_is_refused_with_places_or_still_valid() {
    // The clusters and the first environment: every kind of value, and quick.
    let demo = include_str!("../../config/demo.yaml");
    let (demo, _) = demo.split_once("      - id: staging").unwrap();
    assert!(registry::parse("demo.yaml", demo.as_bytes()).is_ok());
    let lines: Vec<&str> = demo.lines().collect();
    let mut refused = 0;
    for damaged in 0..lines.len() {
        let without: Vec<&str> =
            lines.iter().enumerate().filter(|(i, _)| *i != damaged).map(|(_, line)| *line).collect();
        let garbled: Vec<String> = lines
            .iter()
            .enumerate()
            .map(|(i, line)| if i == damaged { line.replace(": ", ": {[") } else { (*line).to_owned() })
            .collect();
        for text in [without.join("\n"), garbled.join("\n"), lines[..damaged].join("\n")] {
            let Err(error) = registry::parse("demo.yaml", text.as_bytes()) else { continue };
            refused += 1;
            assert!(!error.problems.is_empty());
            for problem in &error.problems {
                let inside = (1..=text.lines().count() + 1).contains(&problem.line) && problem.column > 0;
                assert!(inside, "line {} removed or garbled: {problem:?}", damaged + 1);
            }
        }
    }
    assert!(refused > 50, "{refused}");
}

#[test]
fn the_committed_schema_is_that_of_the_types() {
    let committed = include_str!("../../config/registry.schema.json");
    assert!(
        committed == registry::schema(),
        "config/registry.schema.json is out of date. Rewrite it:\n\n  \
         cargo run --package server --bin quarterdeck -- schema > config/registry.schema.json\n"
    );
}
