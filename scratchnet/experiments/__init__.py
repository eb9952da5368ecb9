"""From a data set's name to the paper's tables: the plan, the runs, their evaluation, and the report."""
from .plan import Plan
from .run import Experiment, codes_of_file, evaluate_file

__all__ = ["Experiment", "Plan", "codes_of_file", "evaluate_file"]
