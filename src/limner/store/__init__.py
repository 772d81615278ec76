"""Where images are kept: rows in SQLite, bytes by content hash in a folder, whole or not at all."""
