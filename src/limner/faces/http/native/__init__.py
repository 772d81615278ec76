"""The native API under ``/api``: everything the studio can do, unknown fields refused."""
