"""The embedded generator: draws with the network that comes inside the package, without torch."""

from limner.generators.embedded.generator import EmbeddedGenerator

__all__ = ["EmbeddedGenerator"]
