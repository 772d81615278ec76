"""Generators: each turns a plan and seeds into pictures behind the `Generator` port."""
