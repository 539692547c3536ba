//! The router as a browser, and somebody who is none, meets it.

mod access;
mod alerts;
mod board;
mod coming;
mod compare;
mod exports;
mod hostile;
mod html;
mod live;
mod log_views;
mod oidc;
mod pages;
mod people;
mod site;
