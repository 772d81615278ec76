"""What is missing before a model can draw, and how exactly to put it right.

Nothing is drawn and nothing is changed. Libraries are looked for without being imported; files are
hashed; a service is asked for what it offers, which costs nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from limner.core.errors import LimnerError
from limner.core.forms import ModelForm
from limner.core.ports import Generator
from limner.generators.diffusers.describing import read_index
from limner.generators.services.comfyui import ComfyUIGenerator
from limner.generators.services.openai import OpenAIGenerator
from limner.generators.services.openai_answers import PRICES
from limner.generators.weight_files import require_as_written, require_model_as_written

ANSWER_SECONDS = 60.0  # for another interpreter
ASK = """
import json, sys
from importlib.metadata import PackageNotFoundError, version
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = version(name)
    except PackageNotFoundError:
        pass
print(json.dumps(found))
"""


HAS_CLASS = """
import sys
from importlib.util import find_spec
with open(find_spec("diffusers").origin, encoding="utf-8") as file:
    print(f'"{sys.argv[1]}"' in file.read())
"""  # it names every class it has, and is slow to import


class Needs(NamedTuple):
    """What an engine needs.

    Attributes:
        packages: by the names they are installed by.
        extra: of Limner, that brings them; empty for none.
    """

    packages: tuple[str, ...]
    extra: str


ENGINE_NEEDS: Mapping[str, Needs] = {
    "openvino": Needs(("openvino",), ""),
    "diffusers": Needs(
        (
            "torch",
            "diffusers",
            "transformers",
            "accelerate",
            "peft",
            "safetensors",
            "compel",
            "torchsde",
            "scipy",
        ),
        "diffusers",
    ),
    "sdcpp": Needs(("stable-diffusion-cpp-python",), "sdcpp"),
    "openai": Needs((), ""),
    "onnx": Needs(("openvino",), ""),
    "comfyui": Needs(("websockets",), "comfyui"),
}


class Finding(NamedTuple):
    """One thing that was looked at.

    Attributes:
        subject: what it is about, such as ``files``.
        is_fine: whether nothing has to be done before drawing.
        told: how it is.
        fix: what to do; empty when there is nothing.
    """

    subject: str
    is_fine: bool
    told: str
    fix: str = ""


def examine_engine(engine: str, python: Path | None = None, setting: str = "") -> Finding:
    """Whether what an engine needs is installed, and how to install it.

    Args:
        engine: one of `ENGINE_NEEDS`; of any other nothing is known here.
        python: interpreter it runs with; ``None`` for this one.
        setting: that names the interpreter.
    """
    needs, subject = ENGINE_NEEDS.get(engine, Needs((), "")), f"engine {engine}"
    interpreter, own = str(python or sys.executable), version("limner")
    found = _installed(needs.packages) if python is None else _installed_with(python, needs)
    if found is None:
        told = f"The interpreter {interpreter!r} does not answer."
        return Finding(subject, False, told, f"Name one that does in the setting {setting!r}.")
    target = f"limner[{needs.extra}]" if needs.extra else "limner"
    if python is not None and found.get("limner", own) != own:
        told = f"It has limner {found['limner']}; it must be {own}."
        return Finding(subject, False, told, f"{interpreter} -m pip install '{target}=={own}'")
    needed = needs.packages if python is None else ("limner", *needs.packages)
    missing = [name for name in needed if name not in found]
    if missing:
        told = f"Not installed: {', '.join(missing)}."
        return Finding(subject, False, told, f"{interpreter} -m pip install '{target}'")
    told = ", ".join(f"{name} {number}" for name, number in found.items())
    return Finding(subject, True, told or "Needs nothing to be installed.")


def examine_model(
    form: ModelForm, generator: Generator, python: Path | None = None
) -> list[Finding]:
    """What is to be said of a model: its files, its licence, its class, its service.

    Args:
        form: of the model.
        generator: opened by it.
        python: interpreter its engine runs with; ``None`` for this one.
    """
    findings = [_licence(form)]
    if form.engine == "diffusers":
        findings += _pipeline(form, python or Path(sys.executable))
    if form.files:
        see = partial(require_model_as_written, form)
        findings.append(_files("files", form.path, len(form.files), see))
    for name, one in form.adapters.items():
        location = Path(one.location)
        see = partial(require_as_written, location, one.files)
        findings.append(_files(f"adapter {name}", location, len(one.files), see))
    if isinstance(generator, OpenAIGenerator):
        findings += [_service(generator), _price(form)]
    elif isinstance(generator, ComfyUIGenerator):
        findings.append(_comfyui(generator))
    return findings


def _installed(packages: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _installed_with(python: Path, needs: Needs) -> dict[str, str] | None:
    """What another interpreter has; ``None`` if it does not answer."""
    try:
        told = subprocess.run(
            [str(python), "-c", ASK, "limner", *needs.packages],
            capture_output=True,
            check=True,
            timeout=ANSWER_SECONDS,
        ).stdout
        found: dict[str, str] = json.loads(told)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return found


def _pipeline(form: ModelForm, python: Path) -> list[Finding]:
    """Whether diffusers has the class of a pipeline; nothing where other findings tell why not."""
    try:
        name = str(read_index(form.path, form.text("config"))["_class_name"])
        command = [str(python), "-c", HAS_CLASS, name]
        asked = subprocess.run(command, capture_output=True, check=True, timeout=ANSWER_SECONDS)
    except (LimnerError, OSError, subprocess.SubprocessError):
        return []
    if asked.stdout.strip() == b"True":
        return [Finding("pipeline", True, name)]
    return [
        Finding(
            "pipeline",
            False,
            f"The model is a {name!r}, a class that the diffusers there does not have.",
            f"{python} -m pip install --upgrade diffusers",
        )
    ]


def _licence(form: ModelForm) -> Finding:
    licence = form.licence
    if not licence.reviewer:
        return Finding(
            "licence",
            False,
            f"Nobody has read the licence {licence.expression!r} ({licence.source}).",
            "Read it, and add the model again with --licence-read-by NAME.",
        )
    told = f"{licence.expression}, read by {licence.reviewer}"
    uses = f"; allows {', '.join(form.uses)}" if form.uses else ""
    return Finding("licence", True, told + uses)


def _files(subject: str, location: Path, num_files: int, see: Callable[[], None]) -> Finding:
    try:
        see()
    except LimnerError as error:
        return Finding(subject, False, error.message, error.hint or f"Put it back at {location}.")
    return Finding(subject, True, f"{num_files} as the form says, at {location}")


def _service(generator: OpenAIGenerator) -> Finding:
    try:
        offered = generator.look()
    except LimnerError as error:
        return Finding("service", False, error.message, error.hint)
    wanted = generator.service_model
    if offered and wanted not in offered:
        return Finding(
            "service",
            False,
            f"The service does not offer {wanted!r}; it offers {', '.join(offered[:20])}.",
            "Name one of them in the option 'service_model'.",
        )
    return Finding("service", True, f"Answers, and offers {wanted!r}.")


def _price(form: ModelForm) -> Finding:
    if not any(name in form.options for name in PRICES):
        told = "No price is in the form, so no recipe will say what a picture cost."
        return Finding("price", True, told, f"Set one of the options {', '.join(PRICES)}.")
    return Finding("price", True, "In the form.")


def _comfyui(generator: ComfyUIGenerator) -> Finding:
    try:
        missing = generator.look()
    except LimnerError as error:
        return Finding("service", False, error.message, error.hint)
    if missing:
        return Finding(
            "service",
            False,
            f"This ComfyUI has no nodes of the classes {', '.join(missing)}.",
            "Install the custom nodes that bring them, and start it anew.",
        )
    return Finding("service", True, "Answers, and has every node of the workflow.")
