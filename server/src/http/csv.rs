//! Tables for spreadsheets.

/// A line of CSV (RFC 4180). What a spreadsheet would calculate is marked as text: a name may begin with `=`
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
pub fn line(cells: &[String]) -> String {
    let cell = |text: &String| {
        let calculates = text.trim_start().starts_with(['=', '+', '-', '@', '|', '%']);
        let mark = if calculates { "'" } else { "" };
        format!("\"{mark}{}\"", text.replace('"', "\"\""))
    };
    [&cells.iter().map(cell).collect::<Vec<_>>().join(","), "\r\n"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spreadsheet_calculates_what_somebody_wrote() {
        for (text, expected) in [
            ("plain", "\"plain\""),
            ("=1+1", "\"'=1+1\""),
            ("\t=cmd|' /C calc'!A0", "\"'\t=cmd|' /C calc'!A0\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("-1", "\"'-1\""),
            ("a \"b\", c", "\"a \"\"b\"\", c\""),
        ] {
            assert_eq!(line(&[text.to_owned(), "next".to_owned()]), format!("{expected},\"next\"\r\n"), "{text}");
        }
    }
}
