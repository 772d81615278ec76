"""Teaching the embedded model: a small adapter for its drawing network, learnt on a processor.

Needs torch, which the extra ``tune`` brings. Drawing with what was learnt does not.
"""
