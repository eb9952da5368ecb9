"""Speed on a GPU: a table against PyTorch, and the batch from which on the GPU is the faster place."""
from scratchnet.benchmark.run import figure
from scratchnet.plotting import save

from . import TIMES, amount, read, write_between


def write(results, root):
    """Draw the crossover and write the part of benchmarks/README.md, of what has been measured on a GPU."""
    runs, text = read(results, TIMES), ""
    if runs:
        rows = [row for run in runs.values() for row in run["rows"] if "median_ms" in row]
        text += table(rows, next(iter(runs.values()))["environment"])
    for name, run in read(results / "crossover", TIMES).items():
        save(figure(run), results / f"crossover/{name}.png")
        text += f"\n![Time on CPU and GPU against the batch](results/{results.name}/crossover/{name}.png)\n"
    if text:
        write_between(root / "benchmarks/README.md", "gpu", text)


def table(rows, environment):
    """Return a line for each case, batch and precision: ours, PyTorch's, the ratio."""
    lines = ["| case | batch | precision | scratchnet | PyTorch | ratio |", "|---|---|---|---|---|---|"]
    cells = {}
    for row in rows:
        key = row["case"], row.get("batch", ""), row.get("precision", "float32")
        cells.setdefault(key, {})[row["backend"]] = row
    for key, found in cells.items():
        own = found.get("cupy") or found.get("numpy")
        peers = [row for name, row in found.items() if name.startswith("torch")]
        peer = amount([min(peers, key=lambda row: row["median_ms"])]) if peers else ""
        ratio = f"**{own['ratio_to_torch']:.2f}**" if peer else ""
        lines.append(f"| {' | '.join(map(str, key))} | {amount([own])} | {peer} | {ratio} |")
    lines.append(f"\nMeasured on {environment['device']}, {environment['date'][:10]}. Below 1 is faster than PyTorch.")
    return "\n".join(lines) + "\n"
