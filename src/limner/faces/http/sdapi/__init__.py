"""The interface of the AUTOMATIC1111 web UI, under ``/sdapi/v1``; the part that clients use."""
