"""Worker threads: results in order, one BLAS thread for each."""
import pytest

from scratchnet.errors import SettingsError
from scratchnet.parallel import Workers


def test_map_keeps_the_order():
    with Workers(3, 2) as workers:
        parts = workers.map(lambda chunk: list(range(20))[chunk], 20)
        assert workers.each(lambda i: i * i, range(9)) == [i * i for i in range(9)]
    assert sum(parts, []) == list(range(20))


def test_refusals():
    for arguments in ((0, 4), (2, 0), (-1, 4)):
        with pytest.raises(SettingsError):
            Workers(*arguments)
