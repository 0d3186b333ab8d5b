"""The sources of model files, one a file."""
