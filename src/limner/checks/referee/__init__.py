"""The referee: how well an image of our kind fits a text, and in which style it is drawn."""

from limner.checks.referee.referee import (
    Referee,
    RefereeCard,
    RefereeUnavailable,
    read_card,
)

__all__ = ["Referee", "RefereeCard", "RefereeUnavailable", "read_card"]
