"""Prompt fit: whether the picture shows what the prompt asks for, by the referee."""
