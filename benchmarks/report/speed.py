"""Speed on a processor: ratios to the peers, curves, and where the time of a step goes.

Where several files hold the same case, they are runs of the same benchmark: the table has the median of their
medians, and of their ratios with the lowest and the highest.
"""
import numpy as np

from scratchnet.plotting.style import BLUE, GRAY, VERMILLION, light, new_figure, save

from . import NAMES, TIMES, amount, read, write_between

COLOURS = {"numpy": BLUE, "torch": VERMILLION, "faiss": VERMILLION}
ORDER = ("training_step", "features", "layers", "memory", "autoencoder", "retrieval", "hamming")  # of the table
CURVES = {"batch": ("images in a batch", "ms per training step"), "threads": ("threads", "ms per training step"),
          "gallery": ("vectors in the gallery", "ms per query, 30 nearest")}


def write(results, root):
    """Draw results/*.png and write the tables of both READMEs."""
    runs = read(results, TIMES)
    if not runs:
        return
    runs = dict(sorted(runs.items(), key=lambda item: (_place(item[0]), item[0])))
    cases = gather(run["rows"] for name, run in runs.items() if not name.startswith("breakdown"))
    save(ratio_figure(cases), results / "ratios.png")
    curves = [row for run in runs.values() for row in run["rows"] if "curve" in row]
    if curves:
        save(curve_figure(curves), results / "scaling.png")
    profiles = {name: run["rows"] for name, run in runs.items() if name.startswith("breakdown")}
    write_between(root / "benchmarks/results/README.md", "speed", table(cases, runs))
    if profiles:
        save(breakdown_figure(profiles), results / "breakdown.png")
        write_between(root / "benchmarks/README.md", "breakdown", breakdown_table(profiles))


def _place(name):
    return next((i for i, start in enumerate(ORDER) if name.startswith(start)), len(ORDER))


def gather(runs):
    """Return {case: {backend: rows of all runs}} of what belongs to no curve."""
    cases = {}
    for rows in runs:
        for row in rows:
            if "curve" not in row:
                cases.setdefault(row["case"], {}).setdefault(row["backend"], []).append(row)
    return cases


def shown_as(case):
    """Return the name of a case as the tables have it; the committed searches call a query "a query"."""
    return case.replace(", a query", ", per query")


def ratios(backends):
    """Return the name of the peer and scratchnet's ratio to it in each run, or (None, [])."""
    own = backends.get("numpy", [])
    for key in ("ratio_to_torch", "ratio_to_faiss"):
        found, peer = [row[key] for row in own if key in row], key.removeprefix("ratio_to_")
        if found and peer in backends:
            return peer, found
    return None, []


def named(backend):
    """Return the name of a backend or a peer to print; one that is not known here goes by its own."""
    return NAMES.get(backend, backend)


def table(cases, runs):
    """Return the README's table: a line for each case."""
    lines = ["| case | scratchnet | peer | ratio |", "|---|---|---|---|"]
    for case, backends in cases.items():
        if "numpy" not in backends:
            continue
        peer, found = ratios(backends)
        cells = [shown_as(case), amount(backends["numpy"]), "", ""]
        if peer:
            cells[2] = f"{amount(backends[peer])} ({named(peer)})"
            cells[3] = f"**{np.median(found):.2f}**"
            if len(found) > 1:
                cells[3] += f" ({min(found):.2f} to {max(found):.2f} in {len(found)} runs)"
        lines.append(f"| {' | '.join(cells)} |")
    for row in (row for run in runs.values() for row in run["rows"]):
        if row.get("curve") == "threads" and row["backend"] == "numpy" and row["x"] > 1:
            lines.append(f"| training step, {row['x']} threads | {row['median_ms']:.0f} ms | "
                         f"{row['median_ms'] / row['ratio_to_one_thread']:.0f} ms (1 thread) | "
                         f"**{row['ratio_to_one_thread']:.2f}** |")
    environment = max((run["environment"] for run in runs.values()), key=lambda found: found["threads"])
    peers = {name: text for run in runs.values() for name, text in run["environment"].get("peers", {}).items()}
    versions = ", ".join(f"{named(name)} {text}" for name, text in peers.items())
    cores = f"{environment['threads']} core{'s' * (environment['threads'] > 1)}"
    lines.append(f"\nMeasured on {cores} ({environment['cpu']}), {environment['date'][:10]}: "
                 f"NumPy {environment['numpy']} with {environment['blas'].split(', ')[-1]}; {versions}. "
                 "Below 1 is faster, or smaller, than the peer.")
    return "\n".join(lines) + "\n"


def ratio_figure(cases):
    """Show the ratio to the peer, a line a case, with the spread over the runs."""
    shown = [(case, *ratios(backends)) for case, backends in cases.items()]
    shown = [(case, peer, found) for case, peer, found in shown if peer]
    figure = new_figure(9, 1.2 + 0.32 * len(shown))
    axes = figure.subplots()
    for y, (_, _, found) in enumerate(shown):
        axes.plot([min(found), max(found)], [y, y], color=BLUE, linewidth=2)
        axes.plot(np.median(found), y, "o", color=BLUE)
    axes.axvline(1, color=VERMILLION, linewidth=1.5)
    axes.set_xscale("log", base=2)
    low, high = axes.get_xlim()
    ticks = [t for t in (0.125, 0.25, 0.5, 1, 2, 4, 8) if low <= t <= high]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.set_yticks(range(len(shown)), [f"{shown_as(case)}  ÷ {named(peer)}" for case, peer, _ in shown])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlabel("ratio to the peer; below 1, scratchnet needs less")
    light(axes)
    return figure


def curve_figure(rows):
    """Show time against batch, threads and gallery; logarithmic but for the threads."""
    figure = new_figure(11, 3.6)
    for axes, (curve, (xlabel, ylabel)) in zip(figure.subplots(1, len(CURVES)), CURVES.items()):
        for backend in dict.fromkeys(row["backend"] for row in rows if row["curve"] == curve):
            own = [row for row in rows if row["curve"] == curve and row["backend"] == backend]
            x, ms = ([row[key] for row in own] for key in ("x", "median_ms"))
            label = named(backend) + (f", slope {own[0]['slope']:.2f}" if "slope" in own[0] else "")
            axes.plot(x, ms, "o-" if backend == "numpy" else "s--", color=COLOURS[backend], label=label)
            axes.fill_between(x, *zip(*(row["spread_ms"] for row in own)), color=COLOURS[backend], alpha=0.15)
        if curve == "threads":
            axes.set_ylim(0)
        else:
            axes.set_xscale("log")
            axes.set_yscale("log")
        if curve != "gallery":
            axes.set_xticks(x, [str(value) for value in x])
            axes.minorticks_off()
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        axes.legend(frameon=False)
        light(axes)
    return figure


def breakdown_table(profiles):
    """Return a table of milliseconds, forward + backward, a line for each layer that takes one or more."""
    names = sorted(profiles, key=lambda name: name != "breakdown-before")
    ms, faults = {name: {} for name in names}, []
    for name in names:
        *rows, last = profiles[name]
        for row in rows:
            ms[name].setdefault(row["layer"], []).append(row["median_ms"])
        faults.append(f"{last['page_faults']:,.0f} ({last['system_ms']:.0f} ms)")
    lines = ["| layer | " + " | ".join("before" if name == "breakdown-before" else "now" for name in names) + " |",
             "|---|" + "---|" * len(names)]
    for layer in ms[names[0]]:
        if max(sum(ms[name][layer]) for name in names) >= 1:
            cells = (" + ".join(f"{value:.1f}" for value in ms[name][layer]) for name in names)
            lines.append(f"| {layer} | {' | '.join(cells)} |")
    totals = (f"{sum(map(sum, ms[name].values())):.0f}" for name in names)
    return "\n".join([*lines, f"| all layers | {' | '.join(totals)} |",
                      f"| page faults per step (system's time) | {' | '.join(faults)} |"]) + "\n"


def breakdown_figure(profiles):
    """Show the time of each layer, forward and backward, a bar for each profile."""
    profiles = {name: [row for row in rows if "layer" in row] for name, rows in profiles.items()}
    layers = list(dict.fromkeys(row["layer"] for rows in profiles.values() for row in rows))
    totals = {layer: max(sum(row["median_ms"] for row in rows if row["layer"] == layer)
                         for rows in profiles.values()) for layer in layers}
    layers = [layer for layer in layers if totals[layer] >= 1]
    figure = new_figure(8, 1.2 + 0.5 * len(layers))
    axes = figure.subplots()
    height = 0.8 / len(profiles)
    for i, (name, rows) in enumerate(sorted(profiles.items(), key=lambda item: item[0] != "breakdown-before")):
        colour = GRAY if name == "breakdown-before" else BLUE
        y = np.arange(len(layers)) + (i - (len(profiles) - 1) / 2) * height
        left = np.zeros(len(layers))
        for way, alpha in (("forward", 1.0), ("backward", 0.55)):
            ms = {row["layer"]: row["median_ms"] for row in rows if row["way"] == way}
            widths = np.array([ms[layer] for layer in layers])
            axes.barh(y, widths, height * 0.9, left=left, color=colour, alpha=alpha,
                      label=f"{'before' if colour == GRAY else 'now'}, {way}")
            left = left + widths
    axes.set_yticks(range(len(layers)), layers)
    axes.set_ylim(len(layers) - 0.5, -0.5)
    axes.set_xlabel("ms per step of 128 images, one thread")
    axes.legend(frameon=False)
    light(axes)
    return figure
