"""Generators: each turns a plan and seeds into pictures behind the `Generator` port.

``embedded`` offers ``EmbeddedGenerator(*, num_threads: int, batch_size: int)``, with
the settings of the same names; making one must not load its network.
"""
