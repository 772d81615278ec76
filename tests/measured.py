"""Evidence that is good enough for a gate, for tests to change one thing of."""

from datetime import UTC, datetime, timedelta

from limner.core.evidence import Basis, Evidence

STARTED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
BASIS = Basis(
    model_sha256="sha256:m",
    suite_sha256="sha256:s",
    checks_sha256="sha256:k",
    criteria_sha256="sha256:c",
    data_sha256="sha256:d",
)
EVIDENCE = Evidence(
    metric="atoms.pass_rate",
    suite="basics",
    estimate=0.9,
    low=0.85,
    high=0.94,
    confidence=0.95,
    num=300,
    run="run-1",
    started_at=STARTED_AT,
    measured_at=STARTED_AT + timedelta(minutes=5),
    basis=BASIS,
)
