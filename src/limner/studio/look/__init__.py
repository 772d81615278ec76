"""Looking at images that come in from elsewhere, at scale."""
