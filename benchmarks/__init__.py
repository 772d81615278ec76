"""Measurements of what Limner promises; each is one command, `python -m benchmarks NAME`.

Outside the wheel, and free of torch. A figure says what it measures in its function's docstring.
"""

import limner as limner  # before numpy, as the command does: it says how numpy's threads wait
