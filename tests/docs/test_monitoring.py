"""The shipped alerts and dashboard ask for nothing that the server does not tell."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from streams import add_stream

from limner.faces.http.measures import Measures
from limner.studio.watch.references import Asked, set_stream_reference
from limner.studio.watch.run import watch_all

FOLDER = Path(__file__).parents[2] / "docs" / "monitoring"
NAME = re.compile(r"\blimner_[a-z_]+")


@pytest.fixture
def told(studio) -> str:
    scores = np.random.default_rng(1).normal(size=180)
    add_stream(studio, scores[:120])
    asked = Asked(num_last=120, run_length=2000, window=50)
    set_stream_reference(studio.parts, studio.card.name, asked)
    add_stream(studio, scores[120:] + 4, start=120)
    watch_all(studio.parts)
    return Measures(studio.parts).text().decode()


def test_every_metric_that_is_asked_for_is_told(told: str):
    rules = yaml.safe_load((FOLDER / "rules.yml").read_text())
    asked = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    dashboard = json.loads((FOLDER / "dashboard.json").read_text())
    asked += [one["expr"] for panel in dashboard["panels"] for one in panel["targets"]]
    names = {name for expression in asked for name in NAME.findall(expression)}
    assert len(names) > 8
    assert names <= {line.split("{")[0].split(" ")[0] for line in told.splitlines()}


def test_an_alarm_is_told_with_its_evidence_beyond_the_limit(told: str):
    assert 'limner_watch_alarmed{stream="painted"} 1.0' in told
    assert 'limner_watch_alarms_total{stream="painted"} 1.0' in told
    values = {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in told.splitlines()
        if line.startswith("limner_watch_") and 'measure="score.sharpness"' in line
    }
    where = '{measure="score.sharpness",method="kolmogorov_smirnov",stream="painted"}'
    assert values[f"limner_watch_evidence{where}"] > values[f"limner_watch_limit{where}"]
