"""Waiting for one key in the terminal."""

from __future__ import annotations


def read_key() -> str:
    """One key, or `q` where there is no more to read or the person pressed Ctrl-C."""
    import click

    try:
        return click.getchar()
    except (KeyboardInterrupt, EOFError):
        return "q"
