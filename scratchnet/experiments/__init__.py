"""From a data set's name to the paper's tables: what to run, the runs, what they are worth, and the report."""
from .plan import Plan
from .run import Experiment, evaluate_file

__all__ = ["Experiment", "Plan", "evaluate_file"]
