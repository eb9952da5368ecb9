"""The paper's claims: differences between runs, and what is noise."""
import numpy as np
from reports import made_up_run

from scratchnet.report.claims import claim_rows, noise


def test_claims_are_differences_between_runs_of_one_seed(report, rng):
    runs = [made_up_run(rng, method=method, seed=seed, accuracy={"top1": top1, "top2": 0.9, "top3": 0.95})
            for method, seed, top1 in (("cnn_rgb", 0, 0.80), ("cnn_rgb", 1, 0.79), ("cnn_rgb", 2, 0.78),
                                       ("pretrain_cnn_rgb_da", 0, 0.81), ("pretrain_cnn_rgb_da", 1, 0.77))]
    runs.append(made_up_run(rng, method="pretrain_cnn_rgb_da", seed=2, recipe="best"))      # another recipe
    both, manhattan, angle = claim_rows(runs, "cifar10")
    assert (both["claim"], both["seeds"]) == ("both", [0, 1])
    np.testing.assert_allclose(both["ours"], [1, -2], atol=1e-9)
    np.testing.assert_allclose([both["paper"], both["noise"]], [5.8, 100 * noise(0.8)])
    maps = [run["retrieval"]["test-vs-test"] for run in runs]
    np.testing.assert_allclose(both["angular"],
                               [maps[i + 3]["angular"]["map"] - maps[i]["angular"]["map"] for i in (0, 1)])
    np.testing.assert_allclose(manhattan["ours"], [m["manhattan"]["map"] - m["euclidean"]["map"] for m in maps[3:5]])
    assert angle["claim"].startswith("angular") and angle["noise"] is None
    assert claim_rows(runs, "cifar100") == claim_rows(runs, "mini") == []
    rows = report(runs).table("Claim", "paper", "ours", "Noise")
    assert ["both", "Top-1", "+5.8", "+1.0, −2.0", "1.1"] in [row[:5] for row in rows]


def test_noise_is_twice_the_deviation_of_a_difference_of_two_shares(rng):
    difference = (rng.binomial(10_000, 0.8, 4000) - rng.binomial(10_000, 0.8, 4000)) / 10_000
    assert abs(noise(0.8) / (2 * difference.std()) - 1) < 0.05
