"""Limner draws pictures you can stand behind."""
