"""Enlarging pictures that are there; the copy goes the way of every image."""
