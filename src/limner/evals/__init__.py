"""Metrics and statistics: numbers in, numbers with their intervals out."""
