"""Where work runs: this machine."""
