"""The use cases: the only place where generator and store meet."""
