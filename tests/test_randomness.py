"""Streams of random numbers: repeatable, and no two alike."""
import numpy as np

from scratchnet.randomness import stream


def test_the_same_arguments_give_the_same_numbers():
    assert (stream("order", 3, 1).random(9) == stream("order", 3, 1).random(9)).all()


def test_no_two_streams_begin_alike():
    places = [("weights", 0), ("weights", 1), ("order", 0), ("order", 0, 0), ("order", 0, 1), ("order", 1, 0),
              ("step", 0, 1), ("step", 0, 1, 0), ("step", 0, 1, 0, 0), ("step", 0, 0, 1), ("weights", 2**40)]
    starts = {tuple(stream(*place).integers(0, 2**62, 2)) for place in places}
    starts |= {tuple(np.random.default_rng(key).integers(0, 2**62, 2)) for key in (0, 1, [0, 1], [0, 1, 0])}
    assert len(starts) == len(places) + 3  # to NumPy, [0, 1] and [0, 1, 0] are the same
