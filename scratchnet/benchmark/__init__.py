"""Is a GPU worth it? The paper's training step and each of its layers, timed on CPU and GPU.

`timing` says how things are timed, `cases` what is timed, `crossover` what the figures mean, and `run` does all of it
for ``scratchnet benchmark``. The folder benchmarks/ of a checkout times more, and against other libraries, in the
same way.
"""
