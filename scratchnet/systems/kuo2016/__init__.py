"""The paper's own system: Kuo, Chou and Chang (2016), sections 3 and 5."""
from .network import build_network
from .recipe import RECIPES, Recipe
from .system import METHODS, Kuo2016

__all__ = ["METHODS", "RECIPES", "Kuo2016", "Recipe", "build_network"]
