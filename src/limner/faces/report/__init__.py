"""Reports on runs as files that stand alone: a page, Markdown, JSON."""
