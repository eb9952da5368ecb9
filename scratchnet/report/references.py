"""Every retrieval figure by its own definition, beside what one gets for nothing: class floor and chance."""
from ..retrieval import PROTOCOLS
from ..retrieval.figures import definitions

KEYS = definitions(30)
METRIC = "angular"


def reference_rows(runs):
    """Return what `experiments.evaluate` found of each run by angle, by every definition.

    Parameters
    ----------
    runs : list of dict
        Of one data set. Those from before there were several definitions are passed over.

    Returns
    -------
    list of (protocol, list of (run, rows))
        Each row is (name, values in the order of `KEYS`).
    """
    def has_all(run):
        return set(KEYS) <= set((run.get("retrieval") or {}).get(PROTOCOLS[0], {}).get(METRIC, {}))
    complete = [run for run in runs if has_all(run)]
    return [(protocol, [(run, list(_rows(run, protocol))) for run in complete]) for protocol in PROTOCOLS if complete]


def _rows(run, protocol):
    clean = run.get("without_near_duplicates")
    for name, figures in ((METRIC, run["retrieval"][protocol][METRIC]),
                          ("without near-duplicates", clean and clean["retrieval"][protocol][METRIC]),
                          ("class floor", (run.get("class_floor") or {}).get(protocol)),
                          ("chance", (run.get("chance") or {}).get(protocol))):
        if figures:
            yield name, [figures[key] for key in KEYS]


def duplicate_rows(runs):
    """Return what the near-duplicates among the test images are worth: (run, figures with and without them) of each.

    The figures are two pairs: Top-1 in percent (None for a system that does not classify), and angular MAP over the
    full ranking in test-vs-test.
    """
    rows = []
    for run in runs:
        if clean := run.get("without_near_duplicates"):
            accuracies = [None if each is None else 100 * each["top1"] for each in (run["accuracy"], clean["accuracy"])]
            maps = [each["retrieval"][PROTOCOLS[0]][METRIC]["map"] for each in (run, clean)]
            rows.append((run, accuracies, maps))
    return rows
