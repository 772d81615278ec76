"""Face: whether a photograph shows a face, whose owner would have to consent."""
