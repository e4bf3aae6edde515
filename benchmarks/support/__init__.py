"""What several benchmarks need: servers for saved pages, and figures that can be trusted on a noisy machine."""
