//! Every endpoint with the right it needs, in one table: the router is made from its rows and from nothing else, so that
//! nothing is reachable that stands in no row.

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::{self, Next};
use axum::routing::{MethodFilter, on};

use super::{Site, gate};

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Anybody: nothing of a cluster is behind it.
    Anyone,
    /// Whoever is signed in, about themselves.
    SignedIn,
    /// Whoever is signed in; shown is what lies in environments that they may look at.
    Look,
    /// Whoever may operate somewhere; where, the guard decides.
    Operate,
    /// Whoever may reset demo data somewhere; where, the guard decides.
    ResetDemoData,
    /// Admins.
    Administer,
}

impl Need {
    /// As `quarterdeck endpoints` prints it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::SignedIn => "signed-in",
            Self::Look => "look",
            Self::Operate => "operate",
            Self::ResetDemoData => "reset-demo-data",
            Self::Administer => "administer",
        }
    }
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `GET` or `POST`.
    pub method: Method,
    /// As axum writes it: `/e/{system}/{environment}`.
    pub path: &'static str,
    /// Who may ask.
    pub need: Need,
    /// The page whose form leads here: where somebody whose session ended comes back to.
    pub form: Option<&'static str>,
    /// Whether it is done only for pages that this build made.
    pub own_build: bool,
}

/// The table, and the router that is made with it.
#[derive(Default)]
pub(super) struct Mount {
    rows: Vec<Endpoint>,
    router: Router<Site>,
}

impl Mount {
    /// Mounts a page or a file.
    pub fn get<H: Handler<T, Site>, T: 'static>(self, path: &'static str, need: Need, handler: H) -> Self {
        self.add(Endpoint { method: Method::GET, path, need, form: None, own_build: false }, MethodFilter::GET, handler)
    }

    /// Mounts what a form of the page `form` is sent to.
    pub fn post<H: Handler<T, Site>, T: 'static>(
        self,
        path: &'static str,
        need: Need,
        form: &'static str,
        handler: H,
    ) -> Self {
        let row = Endpoint { method: Method::POST, path, need, form: Some(form), own_build: true };
        self.add(row, MethodFilter::POST, handler)
    }

    /// The same for a form that means the same in every build.
    pub fn post_of_any_build<H: Handler<T, Site>, T: 'static>(
        self,
        path: &'static str,
        need: Need,
        form: &'static str,
        handler: H,
    ) -> Self {
        let row = Endpoint { method: Method::POST, path, need, form: Some(form), own_build: false };
        self.add(row, MethodFilter::POST, handler)
    }

    fn add<H: Handler<T, Site>, T: 'static>(mut self, row: Endpoint, filter: MethodFilter, handler: H) -> Self {
        let guarded = {
            let row = row.clone();
            middleware::from_fn(move |request: Request, next: Next| gate::pass(row.clone(), request, next))
        };
        self.router = self.router.route(row.path, on(filter, handler).layer(guarded));
        self.rows.push(row);
        self
    }

    /// What answers for addresses that stand in no row. It is guarded as `need` says.
    pub fn fallback<H: Handler<T, Site>, T: 'static>(mut self, need: Need, handler: H) -> Self {
        let row = Endpoint { method: Method::GET, path: "*", need, form: None, own_build: false };
        let guarded = {
            let row = row.clone();
            middleware::from_fn(move |request: Request, next: Next| gate::pass(row.clone(), request, next))
        };
        self.router = self.router.fallback(handler.layer(guarded));
        self.rows.push(row);
        self
    }

    /// The rows, and the router.
    pub fn finish(self) -> (Vec<Endpoint>, Router<Site>) {
        (self.rows, self.router)
    }
}
