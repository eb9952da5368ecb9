"""Binary codes: published MAPs beside ours, one table per protocol, since none of them can be compared across two.

Published figures are those that Lin et al. (2015) print for themselves, and the table of Xia et al. (2014) as two later
sources agree on it (see the ledger): neither could be read in the original.
"""
from ..retrieval.protocols import PROTOCOLS

PUBLISHED = {  # by protocol and method: MAP by number of bits
    "lin2015": {"deep_codes": {12: 0.893, 32: 0.8972, 48: 0.8973}},
    "xia2014-all": {
        "cnnh_plus": {12: 0.465, 24: 0.521, 32: 0.521, 48: 0.532},
        "cnnh": {12: 0.439, 24: 0.511, 32: 0.509, 48: 0.522},
        "KSH": {12: 0.303, 24: 0.337, 32: 0.346, 48: 0.356},
        "ITQ-CCA": {12: 0.264, 24: 0.282, 32: 0.288, 48: 0.295},
        "ITQ": {12: 0.162, 24: 0.169, 32: 0.172, 48: 0.175},
        "LSH": {12: 0.121, 24: 0.126, 32: 0.120, 48: 0.120}}}
PUBLISHED["xia2014-unseen"] = {method: PUBLISHED["xia2014-all"][method] for method in ("cnnh_plus", "cnnh")}
LEARNT = {"lin2015": 50_000, "xia2014-all": 5000, "xia2014-unseen": 5000}  # labelled images, of what is published
UNSUPERVISED = ("ITQ", "LSH")
NAMES = {"deep_codes": "Deep binary codes (Lin et al. 2015)", "cnnh": "CNNH (Xia et al. 2014)",
         "cnnh_plus": "CNNH+ (Xia et al. 2014)", "KSH": "KSH (Liu et al. 2012)", "ITQ": "ITQ (Gong et al. 2013)",
         "ITQ-CCA": "ITQ-CCA (Gong et al. 2013)", "LSH": "LSH (Gionis et al. 1999)"}


def hashing_tables(runs, dataset="cifar10"):
    """Return what the tables of codes show: [{"name", "title", "figure", "rows"}, ...], one for each protocol.

    Parameters
    ----------
    runs : list of dict
        Of one data set; see `documents.RUN`. Those without "hashing" are left out.
    dataset : str
        Whose published figures stand beside.

    Returns
    -------
    list of dict
        "figure" is which MAP: {"key", "title"}; "queries" and "gallery" are how many images search, and are searched,
        in the first of our runs that has learnt from as many as the published ones. "rows" have "label", "learnt" (from
        how many labelled images), "bits" and, each a number or None, "published", "codes", "low" and "high" (by the
        worst and the best order of equal distances; of full rankings only), "descriptor" and "floor". "precision", of
        ours only, is that of codes and of descriptors by depth.
    """
    hashed = [run for run in runs if "hashing" in run]
    tables = []
    for name, (title, key, figure) in PROTOCOLS.items():
        published = dict(PUBLISHED.get(name, {})) if dataset == "cifar10" else {}
        rows = [_row(run, name, key, published) for run in hashed if name in run["hashing"]["protocols"]]
        if rows:
            ours = {(row["method"], row["bits"]) for row in rows}
            rows += [_only_published(method, 0 if method in UNSUPERVISED else LEARNT[name], bits, value)
                     for method, values in published.items()
                     for bits, value in values.items() if (method, bits) not in ours]
            order = [*NAMES, *(row["method"] for row in rows)]
            rows.sort(key=lambda row: (order.index(row["method"]), row["bits"]))
            first = min((row for row in rows if row["gallery"]), key=lambda row: row["learnt"] != LEARNT.get(name))
            for row in rows:  # who has learnt from more images has fewer that it has not learnt from
                if row["gallery"] not in (None, first["gallery"]):
                    row["label"] += f", gallery of {row['gallery']:,}"
            tables.append({"name": name, "title": title, "figure": {"key": key, "title": figure}, "rows": rows,
                           "queries": first["queries"], "gallery": first["gallery"]})
    return tables


def _row(run, protocol, key, published):
    found, bits = run["hashing"]["protocols"][protocol], run["hashing"]["bits"]
    method = run["method"].removesuffix(f"_{bits}")
    full, floor = key == "map", found["class_floor"]
    everything, unseen = (run["hashing"]["protocols"].get(f"xia2014-{which}", {"gallery": 0})["gallery"]
                          for which in ("all", "unseen"))  # which differ in the images learnt from
    return {"label": NAMES.get(method, f"{method}, thresholded"), "method": method, "bits": bits,
            "learnt": everything - unseen,
            "queries": found["queries"], "gallery": found["gallery"],
            "published": published.get(method, {}).get(bits),
            "codes": found["codes"][key], "low": found["codes"]["map_pessimistic"] if full else None,
            "high": found["codes"]["map_optimistic"] if full else None, "descriptor": found["descriptor"][key],
            "floor": floor and floor[key], "precision": {
                int(name.removeprefix("precision_at_")): (value, found["descriptor"][name])
                for name, value in found["codes"].items() if name.startswith("precision_at_")}}


def _only_published(method, learnt, bits, value):
    return {"label": NAMES[method], "method": method, "learnt": learnt, "bits": bits, "published": value,
            **dict.fromkeys(("queries", "gallery", "codes", "low", "high", "descriptor", "floor", "precision"))}
