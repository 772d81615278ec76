"""Checks: each looks at a request or an image and gives a result. No check imports another part."""
