"""Loading the engine tells nobody, and leaves no process behind."""

import subprocess
import sys

LOAD = """
import os
os.fork = lambda: print("forked")
import limner, sys
import openvino
print(sorted(one for one in sys.modules if one.startswith("openvino_telemetry.")))
print(openvino.tools.ovc.telemetry_utils.tm.__name__)
"""


def test_the_engine_reports_to_nobody():
    told = subprocess.run(
        [sys.executable, "-c", LOAD], capture_output=True, text=True, check=True, timeout=120
    )
    assert told.stdout.splitlines() == ["[]", "openvino.tools.ovc.telemetry_stub"]
