//! The address of a database on the command line: when it is wrong, it is not repeated, because it may hold a password.

use std::ffi::OsStr;

use clap::builder::{TypedValueParser, ValueParserFactory};
use clap::error::ErrorKind;
use clap::{Arg, Command, Error};

use super::DatabaseUrl;

/// Reads an address without showing it.
#[derive(Debug, Clone)]
pub struct DatabaseUrlParser;

impl TypedValueParser for DatabaseUrlParser {
    type Value = DatabaseUrl;

    fn parse_ref(&self, command: &Command, _arg: Option<&Arg>, value: &OsStr) -> Result<DatabaseUrl, Error> {
        let wrong = |text: String| Error::raw(ErrorKind::ValueValidation, format!("{text}\n")).with_cmd(command);
        let text = value.to_str().ok_or_else(|| wrong("the address of the database is not UTF-8".to_owned()))?;
        text.parse().map_err(|error| wrong(format!("{error}")))
    }
}

impl ValueParserFactory for DatabaseUrl {
    type Parser = DatabaseUrlParser;

    fn value_parser() -> Self::Parser {
        DatabaseUrlParser
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Words {
        /// Where.
        #[arg(long)]
        database: Option<DatabaseUrl>,
    }

    #[test]
    fn a_wrong_address_is_not_repeated() {
        for text in
            ["postgres://kim:can/ary@db/x", "postgres://db/x?passwrod=canary", "canary", "postgres://kim:canary@:x/"]
        {
            let error = Words::try_parse_from(["x", "--database", text]).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("can"), "{shown}");
            assert_eq!(error.kind(), ErrorKind::ValueValidation);
            assert!(shown.contains("postgres://USER") || shown.contains("not known"), "{shown}");
        }
        let fine = Words::try_parse_from(["x", "--database", "postgres://kim:canary@db/x"]).unwrap();
        assert!(!format!("{fine:?}").contains("canary"), "{fine:?}");
    }
}
