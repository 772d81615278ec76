"""The composition root: settings in, wired studio out; the only module that knows concrete classes.

Nothing heavy is imported until it is used: the generator's engine loads with the first drawing.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_data_path

from limner.core.errors import BadInput, CriteriaInvalid, ModelFormInvalid
from limner.core.forms import ModelForm
from limner.core.judging import ImageCheck, RequestCheck
from limner.core.models import DEFAULT_ALIAS, Licence, ModelVersion
from limner.core.ports import Generator, GeneratorCard, Recognizer
from limner.core.records import Size
from limner.core.settings import Settings, read_settings
from limner.store.repository import Store
from limner.studio.judging import Judge
from limner.studio.model_shelf import ModelShelf
from limner.studio.parts import Parts
from limner.studio.studio import Studio as WiredStudio

if TYPE_CHECKING:
    from limner.checks.near_copy.fingerprint import Fingerprints
    from limner.checks.near_copy.recent import Look
    from limner.checks.near_copy.registered import Registered
    from limner.checks.tagger.tagger import Tagger
    from limner.generators.examining import Finding
    from limner.generators.process.generator import Room
    from limner.studio.look.looker import Asked, Looker
    from limner.studio.look.words import Seer
    from limner.studio.model_files import Whence

DIFFUSERS = "limner.generators.diffusers.generator:open_generator"  # in a process of its own
GRAPH = "limner.generators.enlarging.graph:open_generator"  # the same
SEER_SECONDS = 90.0  # within what a look may take
ENGINES = ("diffusers", "openai", "comfyui", "onnx")


class Candidate(NamedTuple):
    """What a version in the registry is made from, besides what is said of it."""

    card: GeneratorCard
    licence: Licence
    whence: Whence


class Studio(WiredStudio):
    """Draws, redraws and shows images with the embedded generator.

    Args:
        home: data folder; ``LIMNER_HOME`` or the user's data folder when left out.

    Raises:
        SettingInvalid: a setting is unknown or not allowed.
    """

    def __init__(self, home: str | Path | None = None) -> None:
        super().__init__(wire_parts(load_settings(None if home is None else Path(home))))


def load_settings(home: Path | None = None) -> Settings:
    """Settings from the data folder's file and the environment; see `read_settings`."""
    return read_settings(default_home=user_data_path("limner"), home=home)


def wire_parts(settings: Settings) -> Parts:
    """The real parts: embedded generator, store in the data folder, the system's clock."""
    shelf = open_shelf(settings)
    parts: Parts = Parts(
        settings=settings,
        open_generator=lambda: _open_generator(settings),
        open_store=lambda: open_store(settings),
        open_judge=lambda: open_judge(
            settings,
            lambda text: name_opted_out(parts, text),
            read_recent=lambda limit: recent_looks(parts, limit),
            read_registered=lambda: registered_looks(parts),
        ),
        read_clock=lambda: datetime.now(UTC),
        rng=np.random.default_rng(),
        version=version("limner"),
        requester=settings.reviewer or user_name(),
        open_recognizer=lambda: open_recognizer(parts),
        open_another=lambda num: _open_generator(replace(settings, num_threads=num)),
        open_model=shelf.open,
        model_names=shelf.names,
        open_fingerprints=lambda: open_fingerprints(settings),
        open_version=lambda version: open_version(parts, shelf, version),
        read_sentences=lambda texts: read_sentences(settings, texts),
        enlargers=open_enlargers(settings),
        own_enlarger_names=shelf.enlarger_names,
    )
    return parts


def open_shelf(settings: Settings) -> ModelShelf:
    """The further models of the data folder; opening one loads nothing."""
    from limner.generators.process.generator import Room

    room = Room(settings.engine_idle_seconds)  # one model at a time, whatever its engine
    return ModelShelf(settings.home, lambda form: open_engine(settings, form, room))


def open_engine(settings: Settings, form: ModelForm, room: Room) -> Generator:
    """A generator by the form of a model; loads nothing.

    Raises:
        ModelFormInvalid: its engine is not known, or an option is not allowed.
    """
    if form.engine == "diffusers":
        from limner.generators.process.generator import Housing, ProcessGenerator

        housing = Housing(
            engine=DIFFUSERS,
            python=settings.diffusers_python,
            memory_mb=settings.engine_memory_mb,
        )
        return ProcessGenerator(form, housing, room)
    if form.engine == "openai":
        from limner.generators.services.openai import OpenAIGenerator

        return OpenAIGenerator(form, settings.service_keys, settings.service_proxy)
    if form.engine == "comfyui":
        from limner.generators.services.comfyui import ComfyUIGenerator

        return ComfyUIGenerator(form, settings.service_keys, settings.service_proxy)
    if form.engine == "onnx" or form.engine in settings.engines:
        from limner.generators.process.generator import Housing, ProcessGenerator

        engine = GRAPH if form.engine == "onnx" else settings.engines[form.engine]
        own = Housing(engine=engine, memory_mb=settings.engine_memory_mb)
        return ProcessGenerator(form, own, room)
    raise ModelFormInvalid(
        f"The model {form.name!r} has the engine {form.engine!r}; allowed are "
        f"{', '.join((*ENGINES, *settings.engines))}.",
        hint="Name further ones in the setting 'engines'.",
    )


def open_version(parts: Parts, shelf: ModelShelf, version: ModelVersion) -> Generator:
    """The generator of a version in the registry; loads nothing.

    Raises:
        BadInput: there is nothing any more where it came from.
    """
    from limner.studio.model_files import Place, whence_of

    whence = whence_of(version)
    if whence.kind is Place.WEIGHTS:
        return open_weights(parts.settings, Path(whence.location))
    return parts.shipped if whence.kind is Place.INSTALL else shelf.open(whence.name)


def open_candidate(
    parts: Parts, *, model: str | None, weights: Path | None, licence_read_by: str
) -> Candidate:
    """What is to be brought into the registry: a model of the shelf, or weights in a folder.

    Args:
        parts: of the studio.
        model: name on the shelf.
        weights: folder; exactly one of the two is given.
        licence_read_by: who read the licence; empty leaves what the model's form says.

    Raises:
        BadInput: both are given, or neither, or there is no such model.
    """
    from limner.studio.model_files import Place, Whence

    if (model is None) == (weights is None):
        raise BadInput("Name a model of the shelf, or a folder of weights, and not both.")
    if weights is not None:
        folder = weights.expanduser().resolve()
        card = open_weights(parts.settings, folder).card
        licence = Licence(
            expression=card.licence, source=str(folder / "card.json"), reviewer=licence_read_by
        )
        return Candidate(card, licence, Whence(Place.WEIGHTS, str(folder)))
    assert model is not None
    form = open_shelf(parts.settings).form(model)
    licence = replace(form.licence, reviewer=licence_read_by or form.licence.reviewer)
    return Candidate(
        form.card, licence, Whence(Place.SHELF, form.location if form.files else "", model)
    )


def describe_model(
    name: str,
    location: str,
    licence: Licence,
    *,
    engine: str | None = None,
    workflow: object = None,
    inputs: Mapping[str, str] | None = None,
    canvases: Sequence[Size] = (),
    options: Mapping[str, object] | None = None,
) -> ModelForm:
    """The form of a model from where it is and what is said of it; loads and calls nothing.

    Args:
        name: it shall have.
        location: a folder, a file, or the address of a service.
        licence: as whoever adds it read it.
        engine: that draws with it; ``None`` for the one that goes with the location.
        workflow: of ComfyUI.
        inputs: of the workflow, ``NODE.INPUT`` by name.
        canvases: sizes a service draws.
        options: of the engine.

    Raises:
        ModelFormInvalid: the engine is not known, or what is said does not go with it.
        WeightsRefused: the files are no model, or are not opened.
    """
    chosen = engine or _engine_at(location, has_workflow=workflow is not None)
    for what, said, of_engine in (
        ("a workflow", workflow, "comfyui"),
        ("inputs", inputs, "comfyui"),
        ("canvases", canvases, "openai"),
    ):
        if said and chosen != of_engine:
            raise ModelFormInvalid(
                f"The model {name!r} is given {what}, and its engine is {chosen!r}; only "
                f"{of_engine!r} takes that.",
                hint="Leave it out, or change the form afterwards.",
            )
    match chosen:
        case "comfyui":
            from limner.generators.services.comfyui_workflow import describe as describe_workflow

            form = describe_workflow(name, location, workflow, licence, inputs=inputs)
            return replace(form, options={**form.options, **(options or {})})
        case "openai":
            from limner.generators.services.openai_describing import describe as describe_service

            return describe_service(name, location, licence, canvases=canvases, options=options)
        case "diffusers":
            from limner.generators.diffusers.describing import describe as describe_pipeline

            return describe_pipeline(name, Path(location).expanduser(), licence, options=options)
        case "onnx":
            from limner.generators.enlarging.graph import describe as describe_graph

            return describe_graph(name, Path(location).expanduser(), licence, options=options)
        case _:
            raise ModelFormInvalid(
                f"Unknown engine {chosen!r}; allowed are {', '.join(ENGINES)}.",
            )


def examine_model(settings: Settings, name: str) -> list[Finding]:
    """What is missing before a model of the shelf can draw, and the fix of each.

    Raises:
        BadInput: there is no such model.
    """
    from limner.generators.examining import Finding, examine_engine
    from limner.generators.examining import examine_model as examine

    shelf = open_shelf(settings)
    form = shelf.form(name)
    try:
        generator = shelf.open(name)
    except ModelFormInvalid as error:
        return [Finding("form", False, error.message, error.hint or "Correct the form.")]
    return [_examined_engine(settings, form.engine, examine_engine), *examine(form, generator)]


def examine_engines(settings: Settings) -> list[Finding]:
    """What each engine needs, and whether it is there."""
    from limner.generators.examining import ENGINE_NEEDS, examine_engine

    return [_examined_engine(settings, engine, examine_engine) for engine in ENGINE_NEEDS]


def _examined_engine(
    settings: Settings, engine: str, examine: Callable[[str, Path | None], Finding]
) -> Finding:
    return examine(engine, settings.diffusers_python if engine == "diffusers" else None)


def _engine_at(location: str, *, has_workflow: bool) -> str:
    is_service = location.startswith(("http://", "https://"))
    if has_workflow:
        return "comfyui"
    if location.endswith(".onnx"):
        return "onnx"
    return "openai" if is_service else "diffusers"


def open_enlargers(settings: Settings) -> Mapping[str, Callable[[], Generator]]:
    """What every install enlarges with, by name, the usual one first; opening one loads nothing."""
    return {"lanczos": _open_lanczos, "enlarge-head": lambda: _open_head(settings)}


def _open_lanczos() -> Generator:
    from limner.generators.enlarging.lanczos import open_lanczos

    return open_lanczos()


def _open_head(settings: Settings) -> Generator:
    from limner.generators.embedded.enlarging import open_head

    return open_head(num_threads=settings.num_threads)


def user_name() -> str:
    """The system's name of the user; empty where it has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def open_tagger() -> Tagger:
    """What labels and normal sets are learnt on; it takes every core."""
    from limner.checks.tagger.tagger import Tagger

    return Tagger()


def open_looker(settings: Settings, asked: Asked) -> Looker:
    """What looks at incoming images in a process of its own, on one core.

    Raises:
        KeyRefused: a key or certificate file of this install is broken.
    """
    from limner.checks.tagger.tagger import Tagger
    from limner.studio.look.looker import Looker

    parts = wire_parts(replace(settings, num_threads=1))
    return Looker(parts, Tagger(num_threads=1), asked, open_seer(settings, asked))


def open_seer(settings: Settings, asked: Asked) -> Seer | None:
    """What is asked for words; ``None`` where nobody is. Calls nobody, loads nothing.

    Raises:
        ModelFormInvalid: what it is at is no address, or a key would go over an open line.
    """
    if not asked.words:
        return None
    if "://" not in asked.seer:
        from limner.generators.local_seer import LocalSeer

        return LocalSeer(Path(asked.seer).expanduser())
    from limner.generators.services.calls import service_at
    from limner.generators.services.seeing import SeeingService

    named = "The address of the service that is asked for words"
    service = service_at(asked.seer, named, settings.service_keys, settings.service_proxy)
    return SeeingService(replace(service, patience_seconds=SEER_SECONDS), asked.seer_model)


def read_sentences(settings: Settings, texts: Sequence[str]) -> NDArray[np.float32]:
    """Unit vectors of texts by the generator's own text encoder; see `Sentences`."""
    from limner.generators.embedded.sentences import Sentences

    return Sentences(num_threads=settings.num_threads)(texts)


def open_store(settings: Settings) -> Store:
    """The store of the data folder, its rows in a file there or in a team's PostgreSQL."""
    return Store.open(settings.home, settings.database, settings.database_password.value)


def open_recognizer(parts: Parts) -> Recognizer:
    """Tells which image of the data folder a picture is."""
    from limner.studio.recognizing import StoredRecognizer

    return StoredRecognizer(parts)


def name_opted_out(parts: Parts, text: str) -> str | None:
    """See `studio.rights.name_opted_out`; opens the store when it is first asked."""
    from limner.studio import rights

    return rights.name_opted_out(parts, text)


def recent_looks(parts: Parts, limit: int) -> list[Look]:
    """The newest images of the data folder by their looks; opens the store when first asked."""
    from limner.checks.near_copy.recent import Look

    return [Look(*one) for one in parts.store.recent_looks(limit)]


def registered_looks(parts: Parts) -> list[Registered]:
    """Pictures the rights register keeps from being drawn; opens the store when first asked."""
    from limner.checks.near_copy.registered import Registered

    found = parts.store.rights.blocked_looks(parts.read_clock())
    return [Registered(*one) for one in found]


def open_fingerprints(settings: Settings) -> Fingerprints:
    """Takes what near copies are known by; the referee's network loads with the first picture."""
    from limner.checks.near_copy.fingerprint import Fingerprints
    from limner.checks.referee import Referee
    from limner.checks.referee.views import RefereeViews
    from limner.generators.embedded.sentences import Sentences

    referee = Referee(Sentences(num_threads=settings.num_threads), num_threads=settings.num_threads)
    return Fingerprints(RefereeViews(referee))


def open_judge(
    settings: Settings,
    find_opted_out: Callable[[str], str | None],
    *,
    read_recent: Callable[[int], Sequence[Look]] | None = None,
    read_registered: Callable[[], Sequence[Registered]] | None = None,
) -> Judge:
    """The criteria in force and every check there is. Criteria with a fault hold everything.

    Args:
        settings: name the criteria.
        find_opted_out: asks the rights register about a text; see `checks.request.rights`.
        read_recent: the newest images; without it there is no check against them, and criteria
            that ask for it are refused.
        read_registered: pictures that must not be drawn; without it the same.
    """
    from limner.studio.criteria_file import criteria_in_force, require_known_checks

    request_checks = _request_checks(settings, find_opted_out)
    image_checks = _image_checks(settings, read_recent, read_registered)
    criteria, fault = None, ""
    try:
        found = criteria_in_force(settings)
        cards = [one.card for one in (*request_checks.values(), *image_checks.values())]
        require_known_checks(found, cards)
        criteria = found
    except CriteriaInvalid as error:
        fault = error.message
    return Judge(
        criteria=criteria,
        fault=fault,
        request_checks=request_checks,
        image_checks=image_checks,
    )


def _request_checks(
    settings: Settings, find_opted_out: Callable[[str], str | None]
) -> dict[str, RequestCheck]:
    from limner.checks.request.language import Language
    from limner.checks.request.personal_data import PersonalData
    from limner.checks.request.rights import Rights
    from limner.checks.request.terms import SHIPPED_TERMS, Terms

    own_terms = settings.home / "terms.txt"
    checks = (
        Terms(own_terms if own_terms.exists() else SHIPPED_TERMS),
        PersonalData(),
        Language(),
        Rights(find_opted_out),
    )
    return {one.card.name: one for one in checks}


def _image_checks(
    settings: Settings,
    read_recent: Callable[[int], Sequence[Look]] | None,
    read_registered: Callable[[], Sequence[Registered]] | None,
) -> dict[str, ImageCheck]:
    from limner.checks.atoms.check import Atoms
    from limner.checks.atoms.vocabulary import Vocabulary
    from limner.checks.exposure import Exposure
    from limner.checks.face.check import Face
    from limner.checks.integrity import Integrity
    from limner.checks.near_copy.fingerprint import Fingerprints
    from limner.checks.near_copy.recent import near_recent_copy
    from limner.checks.near_copy.registered import near_registered_copy
    from limner.checks.near_copy.training import near_training_copy
    from limner.checks.nsfw.check import Nsfw
    from limner.checks.prompt_fit.check import PromptFit
    from limner.checks.referee import Referee
    from limner.checks.referee.views import RefereeViews
    from limner.checks.sharpness import Sharpness
    from limner.checks.text_in_image.check import TextInImage
    from limner.generators.embedded.sentences import Sentences

    num_threads = settings.num_threads
    sentences = Sentences(num_threads=num_threads, memory=settings.home)
    views = RefereeViews(Referee(sentences, num_threads=num_threads), sentences.ingredients)
    vocabulary, fingerprints = Vocabulary(), Fingerprints(views)
    checks: list[ImageCheck] = [
        Integrity(),
        Exposure(),
        Sharpness(),
        Nsfw(num_threads=num_threads),
        Face(num_threads=num_threads),
        PromptFit(views, vocabulary),
        Atoms(views, vocabulary),
        near_training_copy(fingerprints),
        TextInImage(),
    ]
    if read_recent is not None:
        checks.append(near_recent_copy(fingerprints, read_recent))
    if read_registered is not None:
        checks.append(near_registered_copy(fingerprints, read_registered))
    return {one.card.name: one for one in checks}


def open_weights(settings: Settings, folder: Path) -> Generator:
    """A generator with other weights than the packaged ones, such as earlier ones.

    Raises:
        BadInput: the folder holds no weights.
    """
    from limner.generators.embedded import EmbeddedGenerator
    from limner.generators.embedded.weights import CARD_FILE, Weights

    if not (folder / CARD_FILE).is_file():
        raise BadInput(
            f"The folder {str(folder)!r} has no {CARD_FILE}, so it holds no model.",
            code="model_unknown",
        )
    return EmbeddedGenerator(
        num_threads=settings.num_threads,
        batch_size=settings.batch_size,
        weights=Weights(folder),
        memory=settings.home,
    )


def with_weights(parts: Parts, folder: Path) -> Parts:
    """These parts with the weights of a folder; store, judge and settings are the same.

    Raises:
        BadInput: the folder holds no weights.
    """
    weighed = parts.with_generator(lambda: open_weights(parts.settings, folder))

    def open_another(num_threads: int) -> Generator:
        return open_weights(replace(parts.settings, num_threads=num_threads), folder)

    weighed.open_another = open_another
    return weighed


def with_model(parts: Parts, model: str | None) -> Parts:
    """These parts with one model alone, whatever its stage: what is measured is what is named.

    Args:
        parts: of the studio.
        model: alias, label, hash, or a name on the shelf; ``None`` for what serves by default.

    Raises:
        BadInput: there is none of this name.
    """
    from limner.studio.model_files import Place, whence_of

    serving = parts.serving
    version = None if serving is None else serving.version_of(model or DEFAULT_ALIAS)
    whence = None if version is None else whence_of(version)
    if whence is not None and whence.kind is Place.WEIGHTS:
        return with_weights(parts, Path(whence.location))
    if whence is not None and whence.kind is Place.SHELF:
        model = whence.name
    generator = parts.shipped if whence is None and model is None else parts.generator_of(model)
    if whence is not None and whence.kind is Place.INSTALL:
        generator = parts.shipped
    other = parts.with_generator(lambda: generator)
    if generator is not parts.shipped:
        other.open_another = None
    return other


def _open_generator(settings: Settings) -> Generator:
    from limner.generators.embedded import EmbeddedGenerator

    return EmbeddedGenerator(
        num_threads=settings.num_threads, batch_size=settings.batch_size, memory=settings.home
    )
