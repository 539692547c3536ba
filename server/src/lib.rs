//! The world: Kubernetes, HTTP, configuration.
