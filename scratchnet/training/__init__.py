"""Training: optimisers, schedules, L-BFGS, gradients computed by threads, and the loop."""
