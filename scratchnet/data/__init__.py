"""Images: where they come from, how they are checked, and what becomes of them before the network."""
from .channels import add_channels
from .cifar import NAMES, Dataset, info, load, verify
from .downloader import download
from .splits import hold_out
from .standardize import Standardizer

__all__ = ["NAMES", "Dataset", "Standardizer", "add_channels", "download", "hold_out", "info", "load", "verify"]
