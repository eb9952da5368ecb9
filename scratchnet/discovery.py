"""Registries that maintain themselves: whatever a folder contains is in the list.

A distance or a layer is one class in one file. Code that needs all of them asks for the classes that the folder's
modules define, so a new one is known as soon as its file exists.
"""
import importlib
import inspect
import pkgutil


def subclasses_in(package_name, package_path, base):
    """Return the concrete subclasses of `base` that the modules of a package define.

    Parameters
    ----------
    package_name : str
        ``__name__`` of the package.
    package_path : iterable of str
        ``__path__`` of the package. Every module directly in it is imported.
    base : type
        Not returned itself.

    Returns
    -------
    list of type
        In the order of the modules' names and, within a module, of definition. Left out are abstract classes, those
        whose name starts with an underscore, and those that a module imports from elsewhere.
    """
    found = []
    for name in sorted(module.name for module in pkgutil.iter_modules(package_path)):
        module = importlib.import_module(f"{package_name}.{name}")
        found += [value for value in vars(module).values()
                  if isinstance(value, type) and issubclass(value, base) and value is not base
                  and value.__module__ == module.__name__
                  and not inspect.isabstract(value) and not value.__name__.startswith("_")]
    return found
