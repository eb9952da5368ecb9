"""Results beside the paper's own, as a page to read."""
from .html import write_report

__all__ = ["write_report"]
