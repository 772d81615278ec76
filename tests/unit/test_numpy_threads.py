"""What importing Limner does to how numpy's threads wait."""

import os
import subprocess
import sys

VARIABLE = "OPENBLAS_THREAD_TIMEOUT"
WAITING = """
import limner, time
import numpy as np
one = np.ones((600, 600))
for _ in range(3):
    one @ one
begun = time.process_time()
time.sleep(0.2)
print(time.process_time() - begun)
"""


def printed(code, **variables):
    environment = {k: v for k, v in os.environ.items() if k != VARIABLE} | variables
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return run.stdout.strip()


def test_numpys_threads_sleep_after_a_product():
    assert float(printed(WAITING)) < 0.01


def test_how_long_they_wait_stays_as_the_user_says():
    said = printed(f"import limner, os; print(os.environ['{VARIABLE}'])", **{VARIABLE: "20"})
    assert said == "20"
