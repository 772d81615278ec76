"""What the mark in the pixels withstands, and how often one is read where there is none."""
