"""What is measured where a GPU can be had for minutes only: `run` does it all, in order of importance."""
