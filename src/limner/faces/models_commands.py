"""The commands of ``limner models``: models beside the one that is shipped.

Exit codes: 0 done; 2 bad input; 5 a model does not keep a fact, or something is missing.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from limner.core.errors import BadInput, ModelFormInvalid
from limner.faces import options
from limner.faces.exits import FAILED
from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json
from limner.faces.registry_commands import add_registry_commands

if TYPE_CHECKING:
    from limner.core.ports import Generator, GeneratorCard
    from limner.generators.examining import Finding
    from limner.studio.studio import Studio

app = typer.Typer(
    help="Add, list, try, examine and remove models that draw here.", no_args_is_help=True
)

MAX_WORKFLOW_BYTES = 4_000_000

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of a model.")]
MaybeName = Annotated[
    str | None, typer.Argument(metavar="NAME", help="A model; every one and every engine if none.")
]
Location = Annotated[
    str,
    typer.Argument(
        metavar="LOCATION",
        help="A folder, a file, hub:OWNER/NAME, or the address of a service.",
    ),
]
LicenceName = Annotated[
    str, typer.Option("--licence", metavar="SPDX", help="Licence of the weights, or LicenseRef-….")
]
LicenceSource = Annotated[
    str, typer.Option("--licence-source", metavar="PLACE", help="Where you read it: a file, a URL.")
]
LicenceReader = Annotated[
    str, typer.Option("--licence-read-by", metavar="NAME", help="Who read it.")
]
Uses = Annotated[
    list[str] | None,
    typer.Option("--use", help="A use it allows, if not all; may be given several times."),
]
Engine = Annotated[
    str | None,
    typer.Option(help="diffusers, sdcpp, openai, comfyui or onnx. Left out: by the location."),
]
WorkflowFile = Annotated[
    Path | None, typer.Option("--workflow", help="ComfyUI: a workflow saved with Export (API).")
]
Inputs = Annotated[
    list[str] | None,
    typer.Option("--input", metavar="NAME=NODE.INPUT", help="ComfyUI: where a value goes."),
]
Canvases = Annotated[
    list[str] | None,
    typer.Option("--canvas", metavar="WxH", help="A size a service draws; the first is the usual."),
]
Options = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="NAME=VALUE", help="An option of the engine, as YAML."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace the form that is there.")]


@app.command()
def add(  # noqa: PLR0913 - every argument is an option of the command
    context: typer.Context,
    name: Name,
    location: Location,
    licence: LicenceName,
    licence_source: LicenceSource,
    licence_read_by: LicenceReader = "",
    use: Uses = None,
    engine: Engine = None,
    workflow: WorkflowFile = None,
    inputs: Inputs = None,
    canvas: Canvases = None,
    option: Options = None,
    force: Force = False,
    as_json: options.Json = False,
) -> None:
    """Add a model: write its form, every file hashed. Fetched is only what hub: names."""
    with opened(context) as studio:
        from dataclasses import replace

        from limner.app import describe_model, fetch_model, open_shelf
        from limner.core.models import Licence
        from limner.core.records import parse_size

        shelf = open_shelf(studio.settings)
        _require_new(studio, name, shelf.names(), overwrite=force)
        try:
            sizes = [parse_size(one) for one in canvas or ()]
        except ValueError as error:
            raise BadInput(f"A canvas is among {canvas!r}; allowed are sizes as WxH.") from error
        form = describe_model(
            name,
            fetch_model(studio.settings, name, location),
            Licence(expression=licence, source=licence_source, reviewer=licence_read_by),
            engine=engine,
            workflow=None if workflow is None else _read_workflow(workflow),
            inputs=dict(_pairs("input", inputs)),
            canvases=sizes,
            options={key: _value(text) for key, text in _pairs("option", option)},
        )
        form = replace(form, uses=tuple(use or ()))
        shelf.require_opens(form)
        path = shelf.keep(form)
        if as_json:
            say_json({"name": name, "form": str(path), "sha256": form.deciding_sha256})
        else:
            say(f"{path}")
            note(f"Try it: limner models test {name}; what is missing: limner models doctor {name}")


@app.command("list")
def list_(context: typer.Context, as_json: options.Json = False) -> None:
    """List the models there are, the default first."""
    with opened(context) as studio:
        from limner.app import open_shelf

        _say_card(studio.card, "shipped", as_json=as_json)
        shelf = open_shelf(studio.settings)
        for name in shelf.names():
            try:
                form = shelf.form(name)
            except ModelFormInvalid as error:
                note(f"{name}: {error.message}")
                continue
            _say_card(form.card, form.location, as_json=as_json)


@app.command()
def show(context: typer.Context, name: Name, as_json: options.Json = False) -> None:
    """Show the form of a model: what was written down of it."""
    with opened(context) as studio:
        from limner.app import open_shelf
        from limner.studio.model_form import text_of_form

        if name == studio.card.name:
            _say_card(studio.card, "shipped", as_json=as_json)
            say(studio.card.description)
            return
        form = open_shelf(studio.settings).form(name)
        if as_json:
            say_json(form.to_document())
        else:
            say(text_of_form(form).rstrip())


@app.command("test")
def try_(context: typer.Context, name: Name, as_json: options.Json = False) -> None:
    """Hold a model to what every model must keep.

    Draws some twenty small pictures, which a service may charge for.
    """
    with opened(context) as studio:
        from limner.generators.conformance import FACTS, Trial, try_fact

        generator = _generator(studio, name)
        trial, num_broken = Trial(generator=generator), 0
        for fact in FACTS:
            tried = try_fact(trial, fact)
            num_broken += tried.holds is False
            if as_json:
                say_json(tried._asdict())
            else:
                word = {True: "holds", False: "BROKEN", None: "skipped"}[tried.holds]
                say(f"{word:8} {fact:38} {tried.told}".rstrip())
        if num_broken:
            note(f"{num_broken} of {len(FACTS)} facts do not hold of {name!r}.")
            raise typer.Exit(FAILED)


@app.command()
def remove(context: typer.Context, name: Name) -> None:
    """Take a model off the shelf; its files and its pictures stay."""
    with opened(context) as studio:
        from limner.app import open_shelf

        open_shelf(studio.settings).remove(name)
        say(f"Removed {name!r}; its files stay where they are.")


@app.command()
def doctor(context: typer.Context, name: MaybeName = None, as_json: options.Json = False) -> None:
    """Say what is missing before a model can draw, and exactly how to put it right."""
    with opened(context) as studio:
        from limner.app import examine_engines, examine_model, open_shelf

        names = [name] if name else open_shelf(studio.settings).names()
        if name is None:
            for finding in examine_engines(studio.settings):
                _say_finding("", finding, as_json=as_json)
        is_fine = True
        for one in names:
            for finding in examine_model(studio.settings, one):
                is_fine &= finding.is_fine
                _say_finding(one, finding, as_json=as_json)
        if not is_fine:
            raise typer.Exit(FAILED)


def _generator(studio: Studio, name: str) -> Generator:
    from limner.app import open_shelf

    if name == studio.card.name:
        return studio.parts.generator
    return open_shelf(studio.settings).open(name)


def _require_new(studio: Studio, name: str, taken: tuple[str, ...], *, overwrite: bool) -> None:
    if name == studio.card.name:
        raise BadInput(f"The name {name!r} is the shipped model's; allowed is any other.")
    if name in taken and not overwrite:
        raise BadInput(f"There is a model {name!r} already.", hint="Take another name, or --force.")


def _read_workflow(path: Path) -> object:
    import json

    try:
        if path.stat().st_size > MAX_WORKFLOW_BYTES:
            raise ModelFormInvalid(f"The workflow {str(path)!r} is larger than 4 MB.")
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelFormInvalid(
            f"The workflow {str(path)!r} cannot be read as JSON.",
            hint="Save it with Export (API) in ComfyUI's menu.",
        ) from error


def _pairs(what: str, texts: list[str] | None) -> list[tuple[str, str]]:
    return [_pair(what, one) for one in texts or ()]


def _pair(what: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise BadInput(f"The {what} is {text!r}; allowed is NAME=VALUE.")
    return name.strip(), value.strip()


def _value(text: str) -> object:
    from limner.studio.yaml_file import load_yaml

    try:
        return load_yaml(text)
    except ValueError as error:
        raise BadInput(f"The value {text!r} of an option is no YAML: {error}.") from error


def _say_card(card: GeneratorCard, where: str, *, as_json: bool) -> None:
    if as_json:
        facts = {"name": card.name, "version": card.version, "engine": card.engine}
        say_json({**facts, "licence": card.licence, "uses": list(card.uses), "location": where})
        return
    uses = f"  for {', '.join(card.uses)} only" if card.uses else ""
    say(f"{card.name:24} {card.version:8} {card.engine:10} {card.licence}{uses}  {where}")


def _say_finding(name: str, finding: Finding, *, as_json: bool) -> None:
    if as_json:
        say_json({"model": name or None, **finding._asdict()})
        return
    place = f"{name}: " if name else ""
    say(f"{'ok     ' if finding.is_fine else 'MISSING'} {place}{finding.subject}: {finding.told}")
    if finding.fix:
        say(f"        {finding.fix}")


add_registry_commands(app)
