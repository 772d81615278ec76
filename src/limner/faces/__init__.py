"""Faces: how people and programs reach the studio. They parse, call, and print; no rules here."""
