"""Engines that are services somewhere else, spoken with over HTTP."""
