//! Pages and components.
