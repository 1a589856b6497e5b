"""What drives the pipeline."""
