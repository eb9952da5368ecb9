"""What the committed runs kept of each test image: NAME.npz beside NAME.json."""
from scratchnet.experiments.predictions import kept


def kept_in(*folders):
    """Return {`run_key`: what was found of each test image} of the runs in some folders of results."""
    paths = (path for folder in folders for path in sorted(folder.glob("*.json")))
    return kept((path, path.with_suffix(".npz")) for path in paths)
