"""The one family of errors; every message a person sees comes from here.

A message says what was wrong, the value, and what is allowed; the hint says what to do.
This module does not decide exit codes or HTTP statuses: each face has one table for that.
"""

from __future__ import annotations

import re

_PATH = re.compile(r"'(?:[A-Za-z]:)?[/\\][^']*[/\\]([^'/\\]+)'")


def without_folders(sentence: str) -> str:
    """A sentence that names each file without where it lies, for who does not run this machine."""
    return _PATH.sub(r"'\1'", sentence)


class LimnerError(Exception):
    """Something went wrong.

    Args:
        message: one sentence for a person; the class docstring's first line when left out.
        code: stable name for programs, such as ``style_unknown``; the class default when left out.
        hint: what to do about it; empty when there is nothing to say.
        retryable: the same call may work later without any change.
    """

    code = "error"

    def __init__(
        self,
        message: str = "",
        *,
        code: str = "",
        hint: str = "",
        retryable: bool = False,
    ) -> None:
        self.message = message or (type(self).__doc__ or "Error.").splitlines()[0]
        self.code = code or type(self).code
        self.hint = hint
        self.retryable = retryable
        super().__init__(self.message)


class BadInput(LimnerError):
    """What was asked cannot be honoured as it stands."""

    code = "bad_input"


class SettingInvalid(BadInput):
    """A setting is unknown or its value is not allowed."""

    code = "setting_invalid"


class PromptTooLong(BadInput):
    """The prompt has more tokens than the generator reads."""

    code = "prompt_too_long"


class ImageUnreadable(BadInput):
    """The file is not a picture that can be read whole."""

    code = "image_unreadable"


class RecipeMissing(BadInput):
    """The picture carries no recipe, and none is stored for it."""

    code = "recipe_missing"


class StorageUnavailable(LimnerError):
    """The picture or its record cannot be written."""

    code = "storage_unavailable"


class GeneratorUnavailable(LimnerError):
    """The generator cannot be loaded."""

    code = "generator_unavailable"


class PictureBroken(LimnerError):
    """A drawn picture is flat, black, empty or not finite."""

    code = "picture_broken"


class ModelFormInvalid(BadInput):
    """The form of a model cannot be read, or something in it is not allowed."""

    code = "model_form_invalid"


class WeightsRefused(BadInput):
    """A file of a model is not what its form says, or not of a kind that is opened."""

    code = "weights_refused"


class FolderRefused(BadInput):
    """The folder cannot be taught from."""

    code = "folder_refused"


class EngineLost(LimnerError):
    """The process or service that drew is gone."""

    code = "engine_lost"


class EngineFailed(LimnerError):
    """The engine could not draw this."""

    code = "engine_failed"


class DrawingCancelled(LimnerError):
    """Drawing was stopped before it was finished."""

    code = "drawing_cancelled"


class DeadlineMissed(LimnerError):
    """A job was not drawn in the time it was given."""

    code = "deadline_missed"


class EntryInvalid(BadInput):
    """What was to be written into the ledger is not an entry."""

    code = "entry_invalid"


class KeyRefused(BadInput):
    """A signing key is missing, readable by others, or not a key."""

    code = "key_refused"


class LedgerBroken(LimnerError):
    """The ledger does not hold together."""

    code = "ledger_broken"


class WitnessRefused(LimnerError):
    """The witness does not cosign this checkpoint."""

    code = "witness_refused"


class SealFailed(LimnerError):
    """The image could not be sealed and was not let out."""

    code = "seal_failed"


class CriteriaInvalid(BadInput):
    """The criteria cannot be read, or something in them is not allowed."""

    code = "criteria_invalid"


class EvidenceInvalid(BadInput):
    """What is given as evidence is no measurement."""

    code = "evidence_invalid"


class GateInvalid(BadInput):
    """The gate cannot be read, or something in it is not allowed."""

    code = "gate_invalid"


class StageRefused(BadInput):
    """The model cannot go to that stage."""

    code = "stage_refused"


class ModelPaused(LimnerError):
    """The model is paused, and there is no other to fall back to."""

    code = "model_paused"


class SuiteInvalid(BadInput):
    """The suite cannot be read, or something in it is not allowed."""

    code = "suite_invalid"


class RightsInvalid(BadInput):
    """What was to be registered is no entry of the rights register."""

    code = "rights_invalid"


class RequestRefused(LimnerError):
    """The request is refused by the criteria in force, and nothing was drawn."""

    code = "moderation_blocked"


class ImageHeld(LimnerError):
    """The image is held until a person has looked at it, and does not leave."""

    code = "held_for_review"


class ImageRefused(LimnerError):
    """The image is refused by the criteria in force, and does not leave."""

    code = "image_refused"


class JobNotFound(BadInput):
    """There is no such job."""

    code = "job_not_found"


class JobConflict(BadInput):
    """What is asked does not fit the job as it is."""

    code = "job_conflict"


class QueueFull(LimnerError):
    """Too many jobs wait already; this one was not taken.

    Args:
        message: one sentence for a person.
        retry_after_seconds: when there should be room, estimated from measured times; 1 or more.
    """

    code = "queue_full"

    def __init__(self, message: str = "", *, retry_after_seconds: int) -> None:
        super().__init__(
            message, hint=f"Ask again in {retry_after_seconds} seconds.", retryable=True
        )
        self.retry_after_seconds = retry_after_seconds


class NotFound(BadInput):
    """There is no such thing here."""

    code = "not_found"


class TokenMissing(LimnerError):
    """This needs a token, and none was shown that is in force."""

    code = "token_missing"


class TokenRefused(TokenMissing):
    """The token is unknown, expired or revoked."""

    code = "token_refused"


class NotAllowed(LimnerError):
    """This token does not allow that."""

    code = "not_allowed"


class TooManyRequests(LimnerError):
    """Too many requests in a short time.

    Args:
        message: one sentence for a person.
        retry_after_seconds: when to ask again.
    """

    code = "too_many_requests"

    def __init__(self, message: str = "", *, retry_after_seconds: float = 1.0) -> None:
        super().__init__(message, retryable=True)
        self.retry_after_seconds = retry_after_seconds


class LeaseLost(LimnerError):
    """The job was given to another worker; nothing more is written about it here."""

    code = "lease_lost"


class BodyTooLarge(LimnerError):
    """The request is larger than is taken here."""

    code = "body_too_large"


class JobDoubtful(LimnerError):
    """What is stored does not bear out what the job's rows say."""

    code = "job_doubtful"
