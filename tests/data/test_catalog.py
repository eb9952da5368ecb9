"""The list of official files agrees with itself and with what is known of the data sets."""
import re

import pytest

from scratchnet.data.catalog import CATALOGS, CIFAR10
from scratchnet.report.paper_tables import CLASSES

CLASS_COUNTS = {"cifar10": 10, "cifar100": 100}


@pytest.fixture(params=CATALOGS)
def catalog(request):
    return CATALOGS[request.param]


def test_every_set_stands_under_its_own_name():
    assert {name: catalog.name for name, catalog in CATALOGS.items()} == {name: name for name in CLASS_COUNTS}


def test_hashes_are_hashes_and_no_two_are_alike(catalog):
    assert all(re.fullmatch("[0-9a-f]{40}", sha1) for sha1 in catalog.binary.values())
    md5s = [*catalog.archives.values(), *catalog.python.values()]
    assert all(re.fullmatch("[0-9a-f]{32}", md5) for md5 in md5s) and len(set(md5s)) == 2 + len(catalog.python)
    assert len(set(catalog.binary.values())) == len(catalog.binary)


def test_both_forms_list_the_same_files_in_the_same_order_the_test_file_last(catalog):
    assert [name.removesuffix(".bin") for name in catalog.binary] == list(catalog.python)
    assert [name.startswith("test") for name in catalog.python] == [False] * (len(catalog.python) - 1) + [True]
    assert [form for form in ("binary", "python") for name in catalog.archives if form in name] == ["binary", "python"]
    assert catalog.binary_folder != catalog.python_folder


def test_classes_are_in_alphabetical_order_each_once(catalog):
    names = catalog.class_names
    assert len(set(names)) == len(names) == CLASS_COUNTS[catalog.name] and list(names) == sorted(names)
    assert all(re.fullmatch("[a-z_]+", name) for name in names)


def test_the_paper_has_the_same_ten_classes():
    assert CIFAR10.class_names == CLASSES


def test_the_label_that_counts_is_the_finest(catalog):
    assert catalog.label_bytes == len(catalog.label_keys) == {"cifar10": 1, "cifar100": 2}[catalog.name]
    assert catalog.label_keys[-1] in ("labels", "fine_labels")


def test_a_package_of_sheets_has_one_for_each_file(catalog):
    if catalog.npm_package is None:
        assert catalog.sheets == catalog.label_files == () and catalog.npm_sha1 is None
    else:
        assert re.fullmatch(r"[a-z0-9-]+@\d+\.\d+\.\d+", catalog.npm_package)  # a version, no range
        assert re.fullmatch("[0-9a-f]{40}", catalog.npm_sha1)
        assert [name.rpartition("/")[2].removesuffix(".png") for name in catalog.sheets] == list(catalog.python)
        assert len(catalog.label_files) == 2


def test_no_file_of_60000_images_is_larger_than_the_largest(catalog):
    images = 60_000 * (catalog.label_bytes + 3072)
    assert 0.9 * images < catalog.largest < images
