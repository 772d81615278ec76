"""The studio over HTTP: one application, one layer of access for every route."""
