//! The parts that pages are made of: they show what they are given, know no addresses and fetch nothing.

pub mod account_menu;
pub mod age;
pub mod autoscaler;
pub mod breadcrumb;
pub mod build;
pub mod cell;
pub mod chip;
pub mod component_table;
pub mod count;
pub mod event_table;
pub mod facts;
pub mod figure;
pub mod finding;
pub mod help;
pub mod hpa_bar;
pub mod live_badge;
pub mod nav;
pub mod operations;
pub mod palette;
pub mod panel;
pub mod pod_rows;
pub mod state_mark;
pub mod theme_menu;
pub mod tier_chip;
pub mod version;
pub mod wheel;
