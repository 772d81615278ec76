"""The table of every benchmark. A new one is a function in a module and a line here."""

from __future__ import annotations

from benchmarks import (
    checks_prompts,
    checks_speed,
    drift,
    drift_evidently,
    runtime,
    server,
    traffic,
)
from benchmarks.certified_thresholds import measure_certified_thresholds
from benchmarks.comparison import measure_coverage, measure_same_model
from benchmarks.deciding_mutants import measure_deciding_mutants
from benchmarks.diffusers_overhead import measure_overhead
from benchmarks.efficiency import measure_efficiency
from benchmarks.engines import measure_engine_cancels, measure_engine_kills
from benchmarks.evaluation import measure_rescoring, measure_resume, measure_run_time
from benchmarks.figure import Benchmark, Goal
from benchmarks.gates import measure_bad_candidates
from benchmarks.growth import measure_growth
from benchmarks.jobs import measure_kill_nine, measure_wake
from benchmarks.ledger import measure_rate, measure_tampering
from benchmarks.load_generator import measure_aiperf
from benchmarks.look_inspection import measure_inspection
from benchmarks.look_labels import measure_labels
from benchmarks.look_ray import measure_look_ray
from benchmarks.look_scale import (
    measure_look_memory,
    measure_look_mutated,
    measure_look_rate,
    measure_look_speedup,
)
from benchmarks.mark.false_positives import measure_mark_false_positives
from benchmarks.mark.recovery import measure_mark
from benchmarks.memorisation import measure_memorisation
from benchmarks.pages import measure_page_time
from benchmarks.quality.measure import measure_referee, quality
from benchmarks.quality.quicker import measure_few_steps, measure_precisions
from benchmarks.rights import measure_withdrawal
from benchmarks.seal_tampering import measure_seal_tampering
from benchmarks.sealing import measure_sealing
from benchmarks.serving import measure_concurrent_clients, measure_http_overhead

DRAW = "Draw: from a prompt to a picture, with a rights-clear model of our own inside"
JUDGE = (
    "Judge and seal: every image checked, decided by criteria, reviewed where needed, sealed and "
    "logged"
)
STUDIO = "Studio: pages, OpenAI-compatible and sdapi service, durable jobs, review desk"
ENGINES = "Engines: the models people already use, through one port"
FAST = "Fast and better: few steps, one forward for many requests, close to the machine's limit"
EVIDENCE = "Evidence: compare models and claims, gates that pause, certificates that expire"
LOOK = (
    "Look and watch: inspect incoming images and video at scale; drift, audits, alerts, the "
    "published log"
)

BENCHMARKS: tuple[Benchmark, ...] = (
    Benchmark(
        name="help-start",
        title=DRAW,
        unit="s",
        goal=Goal("<", 0.4),
        measure=runtime.measure_help_start,
        is_of_machine=True,
    ),
    Benchmark(
        name="first-picture",
        title=DRAW,
        unit="s",
        goal=Goal("<", 1.2),
        measure=runtime.measure_first_picture,
        is_of_machine=True,
    ),
    Benchmark(
        name="next-picture",
        title=DRAW,
        unit="s",
        goal=Goal("<", 0.6),
        measure=runtime.measure_next_picture,
        is_of_machine=True,
    ),
    Benchmark(
        name="peak-memory",
        title=DRAW,
        unit="MB",
        goal=Goal("<", 900),
        measure=runtime.measure_peak_memory,
        is_of_machine=True,
    ),
    Benchmark(
        name="installed-size",
        title=DRAW,
        unit="MB",
        goal=Goal("<", 500),
        measure=runtime.measure_installed_size,
    ),
    Benchmark(
        name="network-efficiency",
        title=DRAW,
        unit="ratio",
        goal=Goal(">=", 0.7),
        measure=measure_efficiency,
        is_of_machine=True,
    ),
    Benchmark(name="referee", title=DRAW, unit="%", goal=None, measure=measure_referee),
    Benchmark(
        name="concept-seen",
        title=DRAW,
        unit="%",
        goal=Goal(">=", 85),
        measure=quality("concept-seen"),
    ),
    Benchmark(
        name="background-colour",
        title=DRAW,
        unit="%",
        goal=Goal(">=", 90),
        measure=quality("background-colour"),
    ),
    *(
        Benchmark(name=name, title=DRAW, unit="%", goal=Goal(">=", least), measure=quality(name))
        for name, least in (
            ("concept-held-out", 50),
            ("held-out-combinations", 75),
            ("object-colour", 90),
            ("count", 80),
            ("position", 80),
        )
    ),
    Benchmark(name="style", title=DRAW, unit="%", goal=None, measure=quality("style")),
    Benchmark(name="memorisation", title=DRAW, unit="%", goal=None, measure=measure_memorisation),
    Benchmark(
        name="ledger-tampering",
        title=JUDGE,
        unit="%",
        goal=Goal(">=", 100),
        measure=measure_tampering,
    ),
    Benchmark(
        name="ledger-rate",
        title=JUDGE,
        unit="entries/s",
        goal=Goal(">=", 5000),
        measure=measure_rate,
        is_of_machine=True,
    ),
    Benchmark(
        name="certified-thresholds",
        title=JUDGE,
        unit="%",
        goal=Goal("<=", 10),
        measure=measure_certified_thresholds,
    ),
    Benchmark(
        name="deciding-mutants",
        title=JUDGE,
        unit="mutants",
        goal=Goal("<", 1),
        measure=measure_deciding_mutants,
    ),
    Benchmark(
        name="seal-tampering",
        title=JUDGE,
        unit="%",
        goal=Goal(">=", 100),
        measure=measure_seal_tampering,
    ),
    Benchmark(
        name="sealing",
        title=JUDGE,
        unit="ms",
        goal=Goal("<", 15),
        measure=measure_sealing,
        is_of_machine=True,
    ),
    Benchmark(
        name="prompt-fit",
        title=JUDGE,
        unit="of the band",
        goal=Goal("<", 1),
        measure=checks_prompts.measure_prompt_fit,
    ),
    Benchmark(
        name="atoms",
        title=JUDGE,
        unit="of the band",
        goal=Goal("<", 1),
        measure=checks_prompts.measure_atoms,
    ),
    Benchmark(
        name="checks-time",
        title=JUDGE,
        unit="%",
        goal=Goal("<", 25),
        measure=checks_speed.measure_checks_time,
        is_of_machine=True,
    ),
    Benchmark(
        name="checks-incoming",
        title=JUDGE,
        unit="ms",
        goal=Goal("<", 60),
        measure=checks_speed.measure_checks_incoming,
        is_of_machine=True,
    ),
    Benchmark(
        name="near-copy-search",
        title=JUDGE,
        unit="ms",
        goal=Goal("<", 10),
        measure=checks_speed.measure_near_copy_search,
        is_of_machine=True,
    ),
    Benchmark(
        name="rights-withdrawal",
        title=JUDGE,
        unit="s",
        goal=Goal("<", 60),
        measure=measure_withdrawal,
        is_of_machine=True,
    ),
    Benchmark(name="mark", title=JUDGE, unit="%", goal=Goal(">=", 95), measure=measure_mark),
    Benchmark(
        name="mark-false-positives",
        title=JUDGE,
        unit="%",
        goal=Goal("<", 0.01),
        measure=measure_mark_false_positives,
    ),
    Benchmark(
        name="kill-nine",
        title=STUDIO,
        unit="faults",
        goal=Goal("<", 1),
        measure=measure_kill_nine,
    ),
    Benchmark(
        name="engine-kills",
        title=ENGINES,
        unit="jobs lost",
        goal=Goal("<", 1),
        measure=measure_engine_kills,
    ),
    Benchmark(
        name="diffusers-overhead",
        title=ENGINES,
        unit="%",
        goal=Goal("<=", 2),
        measure=measure_overhead,
    ),
    Benchmark(
        name="engine-cancels",
        title=ENGINES,
        unit="steps",
        goal=Goal("<=", 1),
        measure=measure_engine_cancels,
    ),
    Benchmark(
        name="server-start",
        title=STUDIO,
        unit="s",
        goal=Goal("<", 1),
        measure=server.measure_server_start,
        is_of_machine=True,
    ),
    Benchmark(
        name="api-fuzz",
        title=STUDIO,
        unit="faults",
        goal=Goal("<", 1),
        measure=server.measure_api_fuzz,
    ),
    Benchmark(
        name="http-overhead",
        title=STUDIO,
        unit="ms",
        goal=Goal("<", 25),
        measure=measure_http_overhead,
        is_of_machine=True,
    ),
    Benchmark(
        name="concurrent-clients",
        title=STUDIO,
        unit="faults",
        goal=Goal("<", 1),
        measure=measure_concurrent_clients,
    ),
    Benchmark(
        name="job-wake",
        title=STUDIO,
        unit="ms",
        goal=Goal("<", 10),
        measure=measure_wake,
        is_of_machine=True,
    ),
    Benchmark(
        name="page-time",
        title=STUDIO,
        unit="ms",
        goal=Goal("<", 100),
        measure=measure_page_time,
        is_of_machine=True,
    ),
    Benchmark(
        name="same-model-wins",
        title=EVIDENCE,
        unit="%",
        goal=Goal("<=", 5),
        measure=measure_same_model,
    ),
    Benchmark(
        name="interval-coverage",
        title=EVIDENCE,
        unit="short",
        goal=Goal("<", 1),
        measure=measure_coverage,
    ),
    Benchmark(
        name="gates-bad-candidates",
        title=EVIDENCE,
        unit="wrong",
        goal=Goal("<", 1),
        measure=measure_bad_candidates,
    ),
    Benchmark(
        name="eval-run-time",
        title=EVIDENCE,
        unit="min",
        goal=None,
        measure=measure_run_time,
        is_of_machine=True,
    ),
    Benchmark(
        name="eval-resume",
        title=EVIDENCE,
        unit="faults",
        goal=Goal("<", 1),
        measure=measure_resume,
    ),
    Benchmark(
        name="rescoring",
        title=EVIDENCE,
        unit="faults",
        goal=Goal("<", 1),
        measure=measure_rescoring,
    ),
    Benchmark(
        name="look-labels",
        title=LOOK,
        unit="points of F1",
        goal=Goal(">=", 0),
        measure=measure_labels,
    ),
    Benchmark(
        name="look-inspection",
        title=LOOK,
        unit="%",
        goal=None,
        measure=measure_inspection,
    ),
    Benchmark(
        name="look-rate",
        title=LOOK,
        unit="pictures/s",
        goal=Goal(">=", 40),
        measure=measure_look_rate,
        is_of_machine=True,
    ),
    Benchmark(
        name="look-memory",
        title=LOOK,
        unit="%",
        goal=Goal("<", 5),
        measure=measure_look_memory,
    ),
    Benchmark(
        name="look-speedup",
        title=LOOK,
        unit="times",
        goal=Goal(">=", 1.5),
        measure=measure_look_speedup,
        is_of_machine=True,
    ),
    Benchmark(
        name="look-ray",
        title=LOOK,
        unit="rows",
        goal=Goal("<", 1),
        measure=measure_look_ray,
    ),
    Benchmark(
        name="look-mutated",
        title=LOOK,
        unit="files",
        goal=Goal("<", 1),
        measure=measure_look_mutated,
    ),
    Benchmark(
        name="few-steps",
        title=FAST,
        unit="points",
        goal=Goal(">=", -3),
        measure=measure_few_steps,
    ),
    Benchmark(
        name="precisions",
        title=FAST,
        unit="points",
        goal=Goal(">=", -3),
        measure=measure_precisions,
        is_of_machine=True,
    ),
    Benchmark(
        name="traffic-uniform",
        title=FAST,
        unit="of products",
        goal=Goal(">=", 0.8),
        measure=traffic.measure_uniform_share,
        is_of_machine=True,
    ),
    Benchmark(
        name="traffic-rate",
        title=FAST,
        unit="pictures a second",
        goal=Goal(">=", 60),
        measure=traffic.measure_uniform_rate,
        is_of_machine=True,
    ),
    Benchmark(
        name="traffic-same-key",
        title=FAST,
        unit="times",
        goal=Goal(">=", 1.5),
        measure=traffic.measure_mixed_to_same_key,
        is_of_machine=True,
    ),
    Benchmark(
        name="traffic-serial",
        title=FAST,
        unit="times",
        goal=Goal(">=", 2),
        measure=traffic.measure_mixed_to_serial,
        is_of_machine=True,
    ),
    Benchmark(
        name="traffic-latency",
        title=FAST,
        unit="times",
        goal=Goal("<=", 2.5),
        measure=traffic.measure_latency,
        is_of_machine=True,
    ),
    Benchmark(
        name="other-runtimes",
        title=FAST,
        unit="times",
        goal=None,
        measure=traffic.measure_other_runtimes,
        is_of_machine=True,
    ),
    Benchmark(
        name="aiperf",
        title=FAST,
        unit="pictures a second",
        goal=None,
        measure=measure_aiperf,
        is_of_machine=True,
    ),
    Benchmark(
        name="growth",
        title=FAST,
        unit="times",
        goal=None,
        measure=measure_growth,
        is_of_machine=True,
    ),
    Benchmark(
        name="watch-false-alarms",
        title=LOOK,
        unit="%",
        goal=Goal("<=", 10),
        measure=drift.measure_false_alarms,
    ),
    *(
        Benchmark(
            name=f"watch-delay-{name}",
            title=LOOK,
            unit="images",
            goal=None,
            measure=drift.delay(made),
        )
        for name, made in drift.CHANGES.items()
    ),
    Benchmark(
        name="watch-delay-jpeg",
        title=LOOK,
        unit="images",
        goal=None,
        measure=drift.measure_jpeg,
    ),
    Benchmark(
        name="evidently-false-alarms",
        title=LOOK,
        unit="%",
        goal=None,
        measure=drift_evidently.measure_false_alarms,
    ),
    *(
        Benchmark(
            name=f"evidently-delay-{name}",
            title=LOOK,
            unit="images",
            goal=None,
            measure=drift_evidently.delay(made),
        )
        for name, made in drift.CHANGES.items()
    ),
    Benchmark(
        name="evidently-delay-jpeg",
        title=LOOK,
        unit="images",
        goal=None,
        measure=drift_evidently.measure_jpeg,
    ),
    Benchmark(
        name="expected-bad",
        title=LOOK,
        unit="points",
        goal=Goal("<=", 2),
        measure=drift.expected_bad(1.0),
    ),
    Benchmark(
        name="expected-bad-miscalibrated",
        title=LOOK,
        unit="points",
        goal=None,
        measure=drift.expected_bad(0.4),
    ),
)
