"""Which pictures a report has, and of what."""
import dataclasses

import numpy as np
import pytest
from drawn import shown, texts
from toys import CLASSES, dataset

from scratchnet.data.channels import gray
from scratchnet.report import figures


@pytest.fixture(scope="module")
def images():
    return dataset()


def test_channels_are_of_the_first_test_image_of_each_class(images):
    name, figure, title, caption = figures.channels(images)
    assert (name, title) == ("channels", "Input channels (Figure 4)") and "histogram-equalised" in caption
    assert [axes.get_ylabel() for axes in figure.axes[::4]] == list(CLASSES)
    for c, axes in enumerate(figure.axes[::4]):
        first = np.flatnonzero(images.test_labels == c)[0]
        assert (shown(axes) == images.test_images[first]).all()
        assert (shown(figure.axes[4 * c + 1]) == gray(images.test_images[first][None])[0]).all()


def test_at_most_six_classes_are_shown(images):
    labels = np.arange(len(images.test_labels)) % 9
    more = dataclasses.replace(images, test_labels=labels, class_names=tuple("abcdefghi"))
    assert len(figures.channels(more)[1].axes) == 6 * 4


def test_curves_are_of_every_run():
    rows = [{"epoch": e, "loss": 1 / e, "train_top1": 0.5} for e in (1, 2)]
    name, figure, title, _ = figures.curves({"first": rows, "second": rows})
    assert (name, title) == ("curves", "Training curves") and len(figure.axes[0].lines) == 2


def test_pre_training_is_shown_by_patches_and_by_filters_with_and_without_whitening(rng):
    K, C, F = 5, 3, 64
    learnt = {"kernels": rng.standard_normal((K, K, C, F)), "patches": rng.standard_normal((90, K * K * C)),
              "whitened_patches": rng.standard_normal((90, K * K * C)), "costs": np.ones(3)}
    plain = np.zeros((K, K, C, F))
    plain[..., 0] = 1
    (first, patches, title, _), (second, filters, _, caption) = figures.pretraining(learnt, plain, "method")
    assert (first, second) == ("patches", "filters") and "method" in title and "conv1" in caption
    whitened, unwhitened = (shown(axes) for axes in filters.axes)
    assert (unwhitened[:40, :40] == 1).all() and (unwhitened[:40, 46:86] == 0.5).all()  # of filter 0 and of filter 1
    kernel = learnt["kernels"][..., 1]
    np.testing.assert_allclose(whitened[:40:8, 46:86:8], kernel / np.abs(kernel).max() / 2 + 0.5)
    covariance = next(axes for axes in patches.axes if axes.get_title() == "covariance after whitening")
    np.testing.assert_allclose(shown(covariance), np.cov(learnt["whitened_patches"], rowvar=False))


def test_eigenpatches_are_compared_with_nothing(rng):
    learnt = {"kernels": rng.standard_normal((5, 5, 3, 64)), "patches": rng.standard_normal((90, 75)),
              "whitened_patches": rng.standard_normal((90, 75)), "costs": np.zeros(0)}
    _, (name, filters, title, _) = figures.pretraining(learnt, None, "method")
    assert (name, title, filters.axes[0].get_title()) == ("filters", "Filters (method)", "eigenpatches")


def test_confusion_is_of_the_runs_own_counts():
    name, figure, title, _ = figures.confusion({"method": "toy", "confusion": [[3, 1], [0, 4]]}, ("cat", "dog"))
    assert (name, title) == ("confusion", "Confusion matrix (Figure 9, toy)")
    np.testing.assert_allclose(shown(figure.axes[0]), [[75, 25], [0, 100]])


def test_what_was_retrieved_is_marked_by_class(images):
    query = int(np.flatnonzero(images.test_labels == 2)[0])
    ids = [i for i in range(8) if i != query][:6]
    example = {"query": query, "ids": ids, "distances": np.linspace(0, 0.5, 6).tolist()}
    ((name, figure, title, caption),) = figures.retrieved([example], images, "who", "; a remark")
    assert (name, title) == ("retrieval-dog", "Retrieved for “dog” (who)")
    assert caption == f"The 6 of 24 test images nearest to test image {query} by angular distance; a remark."
    right = images.test_labels[ids] == 2
    assert f"{right.sum()} of the first 6 are right" in texts(figure)
    first, *tiles = figure.findobj(match=lambda artist: hasattr(artist, "get_xlabel"))
    assert (shown(first) == images.test_images[query]).all()
    for axes, i, correct in zip(tiles, ids, right, strict=True):
        assert (shown(axes) == images.test_images[i]).all()
        assert axes.get_xlabel() == ("" if correct else CLASSES[images.test_labels[i]])
