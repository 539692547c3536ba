//! What a browser without script takes from a page: fields of the form, and what is said.

/// The hidden fields of the form that presses; `None` where there is none, or its button is off.
pub fn form(page: &str) -> Option<Vec<(String, String)>> {
    form_to(page, "/operations")
}

/// The fields of the form that begins a series, with every box that can be ticked.
pub fn series(page: &str) -> Option<Vec<(String, String)>> {
    let mut fields = form_to(page, "/operations/series")?;
    let boxes = page.split("<input ").filter(|input| input.starts_with("type=\"checkbox\""));
    let ticked = boxes.filter(|input| input.split_once('>').is_some_and(|(tag, _)| tag.contains(" checked")));
    fields.extend(ticked.filter_map(|input| Some(("member".to_owned(), attribute(input, "value")?))));
    Some(fields)
}

fn form_to(page: &str, action: &str) -> Option<Vec<(String, String)>> {
    let (_, rest) = page.split_once(&format!("<form method=\"post\" action=\"{action}\""))?;
    let (form, _) = rest.split_once("</form>")?;
    if form.contains("id=\"off\"") {
        return None;
    }
    let mut fields: Vec<(String, String)> = form
        .split("<input ")
        .skip(1)
        .filter(|input| input.starts_with("type=\"hidden\""))
        .filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value")?)))
        .collect();
    for (name, value) in [("reason", "a run of the integrity test")] {
        if form.contains(&format!("name=\"{name}\"")) {
            fields.push((name.to_owned(), value.to_owned()));
        }
    }
    Some(fields)
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once('>')?.0.split_once(&format!("{name}=\""))?;
    Some(plain(rest.split_once('"')?.0))
}

/// The numbers of revisions that can be chosen.
pub fn revisions(page: &str) -> Vec<i64> {
    page.split("revision=").skip(1).filter_map(|rest| rest.split(['"', '&']).next()?.parse().ok()).collect()
}

/// How many replicas there are.
pub fn replicas(page: &str) -> Option<u64> {
    let text = text(page);
    let rest = text.split_once("There are ").or_else(|| text.split_once("There is "))?.1;
    rest.split(' ').next()?.parse().ok()
}

/// The word for the stage of an operation, on its page.
pub fn word(page: &str) -> Option<String> {
    const WORDS: [&str; 11] = [
        "Planned", "Awaiting", "Taken up", "Sent", "Accepted", "Running", "Done", "Failed", "Unknown", "Not done",
        "Expired",
    ];
    // Other parts of the page have a status too.
    page.split("role=\"status\"").skip(1).find_map(|rest| {
        let said = text(rest.split_once("</p>")?.0.split_once('>')?.1);
        let said = said.trim_start();
        WORDS.iter().find(|word| said.starts_with(**word)).map(|word| (*word).to_owned())
    })
}

/// Text without tags.
pub fn text(html: &str) -> String {
    let mut text = String::new();
    let mut is_tag = false;
    for character in html.chars() {
        match character {
            '<' => is_tag = true,
            '>' if is_tag => is_tag = false,
            _ if !is_tag => text.push(character),
            _ => {}
        }
    }
    plain(&text)
}

fn plain(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&#x27;", "'").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// As a browser sends a form.
pub fn encoded(fields: &[(String, String)]) -> String {
    let one = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            })
            .collect()
    };
    fields.iter().map(|(name, value)| format!("{}={}", one(name), one(value))).collect::<Vec<_>>().join("&")
}
