"""``scratchnet data ...``: download, verify or describe a data set."""
import json

from ..errors import in_a_line
from .process import complain


def download(options):
    """Download a data set, verify it, and print where it is."""
    from .. import data
    print(in_a_line(data.download(options.dataset, options.data, options.source, complain)))


def verify(options):
    """Print each file of a data set with the result of its hash check."""
    from .. import data
    for file, status in data.verify(options.dataset, options.data):
        print(in_a_line(f"{file}: {status}"))


def info(options):
    """Print a description of a data set as JSON."""
    from .. import data
    print(json.dumps(data.info(options.dataset, options.data), indent=1))
