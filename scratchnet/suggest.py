"""Did you mean …? For names that do not exist."""
from difflib import get_close_matches


def nearest(name, names):
    """Return " (did you mean …?)" if one of `names` is close to `name`, else nothing."""
    close = get_close_matches(name, names, n=1, cutoff=0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""
