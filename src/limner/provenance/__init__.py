"""Where an image comes from: its credential, its signing keys, its label, and reading them back."""
