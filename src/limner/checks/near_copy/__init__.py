"""Near copies: pictures that are nearly the same as one that is known."""
