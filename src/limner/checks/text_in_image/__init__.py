"""Text in an image: letters and digits that can be read."""
