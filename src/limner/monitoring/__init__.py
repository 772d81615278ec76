"""Whether a stream of images still is what it was: tests, sequential statistics, estimates."""
