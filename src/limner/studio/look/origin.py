"""Where an incoming file says it comes from: credential, mark, metadata.

Only a credential of a trusted signer is proof. A mark can be copied and metadata can be written by
anybody; and that a file says nothing says nothing. Looks are never guessed from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from limner.core.looking import OriginSignal
from limner.core.ports import FoundMark
from limner.provenance.containers import has_store_traces
from limner.provenance.verify import Credential, CredentialState, Trust, read_credential
from limner.studio.look.reading import Read

HEAD_BYTES = 2**20  # metadata is looked for in so much of either end of a file
MADE_BY_MACHINE = ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia")
_SOURCE_TYPE = re.compile(
    rb"digitalsourcetype/(trainedAlgorithmicMedia|compositeWithTrainedAlgorithmicMedia)"
)
_AI_SYSTEM = re.compile(rb"Iptc4xmpExt:AISystemUsed")
_PROGRAMS = re.compile(
    rb"(Stable Diffusion|Midjourney|DALL[-\xc2\xb7 ]?E|Adobe Firefly|NovelAI|InvokeAI|ComfyUI|"
    rb"Imagen|FLUX\.1|sd-metadata|invokeai_metadata)"
)
# What every match begins with comes first: a search for it takes a twentieth of the time.
_GRAPH = re.compile(rb"Xt(?<=tEXt|iTXt)(?:workflow|prompt)\x00.{0,8}\{", re.DOTALL)


def read_signals(read: Read, trust: Trust, mark: FoundMark | None) -> Iterator[OriginSignal]:
    """Everything the file says of its origin, the surest first.

    Args:
        read: the file.
        trust: whom to trust.
        mark: what was read from the pixels.
    """
    if _may_hold_credential(read.content):
        credential = read_credential(read.content, f"image/{read.file.file_format}", trust)
        if credential.state is not CredentialState.NONE:
            yield _of_credential(credential)
    if mark is not None:
        note = "The pixels carry this install's mark, which says that it drew them."
        yield OriginSignal("mark", says_ai=True, is_proof=False, note=note)
    yield from _of_metadata(read)


def _may_hold_credential(content: bytes) -> bool:
    """Whether asking the library can find anything; it takes ten times as long as asking here.

    A credential lies in boxes of the type ``jumb``, in every kind of file (ISO 19566-5).
    """
    return b"jumb" in content or has_store_traces(content)


def _of_credential(credential: Credential) -> OriginSignal:
    claims = credential.claims
    source_type = None if claims is None else claims.source_type
    says_ai = source_type in MADE_BY_MACHINE
    is_trusted = credential.state is CredentialState.TRUSTED
    worth = str(credential.state).replace("_", " ")
    said = "says nothing of how it was made" if source_type is None else f"says {source_type!r}"
    maker = "" if claims is None or claims.generator is None else f" by {claims.generator!r}"
    note = f"The file has a credential{maker} ({worth}), which {said}."
    return OriginSignal("credential", says_ai=says_ai, is_proof=is_trusted, note=note)


def _of_metadata(read: Read) -> Iterator[OriginSignal]:
    texts, ends = read.file.texts, _ends(read.content)
    notes: list[str] = []
    if texts.own is not None:
        notes.append("The file carries a recipe of Limner.")
    elif texts.parameters is not None:
        notes.append("The file carries the parameters of an image generator.")
    if _GRAPH.search(ends):
        notes.append("The file carries the graph of an image generator.")
    if found := _SOURCE_TYPE.search(ends):
        notes.append(f"The metadata says the digital source type {found.group(1).decode()!r}.")
    if _AI_SYSTEM.search(ends):
        notes.append("The metadata names an AI system.")
    if found := _PROGRAMS.search(_texts_only(read)):
        notes.append(f"The metadata names {found.group(1).decode('latin-1')!r}.")
    for note in notes:
        yield OriginSignal("metadata", says_ai=True, is_proof=False, note=note)


def _ends(content: bytes) -> bytes:
    if len(content) <= 2 * HEAD_BYTES:
        return content
    return content[:HEAD_BYTES] + content[-HEAD_BYTES:]


def _texts_only(read: Read) -> bytes:
    """What a file says in words: its head up to the pixels, where formats put it."""
    content = read.content
    ends = {"png": b"IDAT", "jpeg": b"\xff\xda"}
    end = content.find(ends.get(read.file.file_format, b"\0\0\0\0\0\0\0\0\0"))
    return content[: min(HEAD_BYTES, end if end >= 0 else 65_536)]
