"""Training: losses go down step by step; optimisers, schedules, L-BFGS, gradients by threads, and the loop."""
