"""What the systems reached in our own runs: measured.json, written by ``python -m benchmarks.report``."""
import json
from importlib.resources import files

MEASURED = json.loads((files(__package__) / "measured.json").read_text(encoding="utf-8"))
