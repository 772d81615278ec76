"""Teaching the embedded model a style or objects from a folder of pictures."""
