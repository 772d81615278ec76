"""The diffusers engine. Its libraries are imported by name when a model is loaded, never before."""
