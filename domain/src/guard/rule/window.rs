//! Maintenance windows and freezes.

use std::sync::Arc;

use super::super::{Case, Line};

/// Whether the place may be disturbed now, or a sentence that says when.
pub(in crate::guard) fn open(_case: &Case<'_>) -> Result<(), Arc<str>> {
    Ok(())
}

/// Its lines.
pub(super) fn lines(_case: &Case<'_>) -> Vec<Line> {
    Vec::new()
}
