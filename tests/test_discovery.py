import sys

from scratchnet.discovery import subclasses_in

FILES = {
    "__init__.py": "",
    "base.py": "from abc import ABC, abstractmethod\nclass Animal(ABC):\n"
               "    @abstractmethod\n    def sound(self): ...\n",
    "dog.py": "from .base import Animal\nclass Dog(Animal):\n    def sound(self): return 'woof'\n",
    "cat.py": "from .base import Animal\nfrom .dog import Dog\nclass Pet(Animal): pass\nclass Cat(Pet):\n"
              "    def sound(self): return 'miaow'\nclass _Ghost(Cat): pass\nclass Basket: pass\n"}


def test_a_file_in_the_folder_is_enough(tmp_path, monkeypatch):
    folder = tmp_path / "animals_for_a_test"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        import animals_for_a_test as animals
        from animals_for_a_test.base import Animal
        found = subclasses_in(animals.__name__, animals.__path__, Animal)
        assert [cls.__name__ for cls in found] == ["Cat", "Dog"]  # concrete, public, defined there, each once
    finally:
        for name in [name for name in sys.modules if name.startswith("animals_for_a_test")]:
            del sys.modules[name]
