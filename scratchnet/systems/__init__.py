"""Whole retrieval systems, one file each."""
