"""Pages for people: drawn on the server, kept alive by htmx and server-sent events."""
