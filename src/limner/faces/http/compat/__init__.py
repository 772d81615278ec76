"""What the compatible interfaces share: pictures in and out, and waiting for a job."""
