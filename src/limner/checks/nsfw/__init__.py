"""Nsfw: nakedness and sexual acts in a photograph, by Yahoo's open_nsfw."""
