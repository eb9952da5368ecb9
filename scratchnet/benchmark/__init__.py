"""Is a GPU worth it? The paper's training step and each of its layers, timed on what a machine has.

`timing` is how anything is timed here, `cases` what is, `crossover` what the figures say, and `run` does all of it for
``scratchnet benchmark``. The folder benchmarks/ of a checkout times more, and against other libraries, in the same way.
"""
