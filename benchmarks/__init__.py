"""Measurements of what Limner promises; each is one command, `python -m benchmarks NAME`.

Outside the wheel, and free of torch. A figure says what it measures in its function's docstring.
"""
