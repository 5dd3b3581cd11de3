"""Timings against other libraries, interleaved in one run. See docs/benchmarks.md."""
