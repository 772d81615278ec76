"""Watching streams of images: readings against a reference, alarms, and what they do."""
