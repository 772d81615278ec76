"""Atoms: every thing, colour, number and place a prompt names, judged one by one."""
