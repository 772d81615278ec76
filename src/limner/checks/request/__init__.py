"""Checks on a request, before anything is drawn. They look at its texts alone."""
