"""The ledger: an append-only Merkle log of what was stored, decided, reviewed and erased."""
