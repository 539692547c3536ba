//! The registry's JSON Schema, for editors.

/// The JSON Schema of a registry file, made from the Rust types. `config/registry.schema.json` is this text.
pub fn schema() -> String {
    let mut schema = schemars::schema_for!(domain::registry::Registry);
    schema.insert("title".into(), "Quarterdeck registry".into());
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema holds nothing that JSON cannot");
    text.push('\n');
    text
}
