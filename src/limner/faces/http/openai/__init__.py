"""The interface of OpenAI's Images API, under ``/v1``."""
