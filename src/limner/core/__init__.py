"""The words and rules everything else is built on: records, ports, errors, settings, hashing.

Imports the standard library, and numpy for the type of an array of pixels; nothing else.
"""
