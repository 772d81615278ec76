"""The published log: a static site that an outsider can verify."""
