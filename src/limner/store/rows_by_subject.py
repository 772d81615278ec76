"""What is kept beside the images of a store, by subject; each is imported with its first use.

A command needs two or three of them, and importing all takes longer than most commands.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import sqlalchemy as sa

from limner.store.bell import Bell
from limner.store.blobs import BlobFolder
from limner.store.ledger.ledger import Ledger

if TYPE_CHECKING:
    from limner.store.boards import Boards
    from limner.store.gallery import GalleryRows
    from limner.store.jobs import JobRows
    from limner.store.learnt import LearntRows
    from limner.store.leases import Leases
    from limner.store.looks import Looks
    from limner.store.messages import Messages
    from limner.store.models import Models
    from limner.store.people import People
    from limner.store.reviews import Reviews
    from limner.store.rights import Rights
    from limner.store.run_jobs import RunJobs
    from limner.store.runs import Runs
    from limner.store.shadows import Shadows
    from limner.store.studies import Studies
    from limner.store.tokens import TokenRows
    from limner.store.watches import Watches


class RowsBySubject:
    """The rows of one data folder.

    Args:
        engine: of its database.
        blobs: its files.
        ledger: on the same database.
    """

    def __init__(self, engine: sa.Engine, blobs: BlobFolder, ledger: Ledger) -> None:
        self._engine = engine
        self._blobs = blobs
        self.ledger = ledger
        self.bell = Bell()

    @cached_property
    def reviews(self) -> Reviews:
        """What people are asked, and what they answered."""
        from limner.store.reviews import Reviews

        return Reviews(self._engine, self.ledger)

    @cached_property
    def tokens(self) -> TokenRows:
        """Who may ask for what."""
        from limner.store.tokens import TokenRows

        return TokenRows(self._engine)

    @cached_property
    def rights(self) -> Rights:
        """Sources, licences, consents and opt-outs, and what they block."""
        from limner.store.rights import Rights

        return Rights(self._engine, self.ledger)

    @cached_property
    def jobs(self) -> JobRows:
        """Requests that are kept until they are drawn."""
        from limner.store.jobs import JobRows

        return JobRows(self._engine, self.bell)

    @cached_property
    def leases(self) -> Leases:
        """Who draws them."""
        from limner.store.leases import Leases

        return Leases(self._engine, self.bell)

    @cached_property
    def gallery(self) -> GalleryRows:
        """Which images are whose, and finding them."""
        from limner.store.gallery import GalleryRows

        return GalleryRows(self._engine)

    @cached_property
    def boards(self) -> Boards:
        """How people put them in order."""
        from limner.store.boards import Boards

        return Boards(self._engine)

    @cached_property
    def models(self) -> Models:
        """The model registry, its gates and evidence."""
        from limner.store.models import Models

        return Models(self._engine, self.ledger)

    @cached_property
    def runs(self) -> Runs:
        """Runs of suites, with their pictures and scores."""
        from limner.store.runs import Runs

        return Runs(self._engine)

    @cached_property
    def run_jobs(self) -> RunJobs:
        """Which of them workers are to draw."""
        from limner.store.run_jobs import RunJobs

        return RunJobs(self._engine)

    @cached_property
    def studies(self) -> Studies:
        """Studies of runs side by side, and what people answered."""
        from limner.store.studies import Studies

        return Studies(self._engine)

    @cached_property
    def looks(self) -> Looks:
        """Images that came in from elsewhere, and what was found on them."""
        from limner.store.looks import Looks

        return Looks(self._engine, self._blobs, self.ledger)

    @cached_property
    def learnt(self) -> LearntRows:
        """Labels and normal sets that were taught to find it with."""
        from limner.store.learnt import LearntRows

        return LearntRows(self._engine, self.ledger)

    @cached_property
    def watches(self) -> Watches:
        """What streams are held against, what was read of them, and alarms."""
        from limner.store.watches import Watches

        return Watches(self._engine, self.ledger)

    @cached_property
    def shadows(self) -> Shadows:
        """What versions drew in shadow."""
        from limner.store.shadows import Shadows

        return Shadows(self._engine)

    @cached_property
    def messages(self) -> Messages:
        """What is to be told to whom, until it is."""
        from limner.store.messages import Messages

        return Messages(self._engine)

    @cached_property
    def people(self) -> People:
        """Where somebody's name stands, and erasing them."""
        from limner.store.people import People

        return People(self._engine, self._blobs, self.ledger)
