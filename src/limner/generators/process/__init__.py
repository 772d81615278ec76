"""Engines in processes of their own, so that none takes the server or a job with it."""
