"""The referee: how well an image of our kind fits a text, and in which style it is drawn."""

from limner.checks.referee.referee import Referee

__all__ = ["Referee"]
