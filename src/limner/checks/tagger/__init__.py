"""The tagger: what a photograph shows, in the words of ImageNet; and the embedding behind it."""
