"""Benchmarks: ``python -m benchmarks.NAME``. Peers run in the same process, interleaved, after warm-up."""
