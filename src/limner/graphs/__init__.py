"""Graphs of OpenVINO: what everything that runs one shares."""
