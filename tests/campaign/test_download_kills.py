"""Downloads that are killed, and others beside them."""
import json
import os
import subprocess
import sys

import download_kills


def test_the_others_finish_and_the_next_clears_up(campaign):
    rounds = campaign(20, 300)
    done = subprocess.run([sys.executable, download_kills.__file__, "0", str(rounds)], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1"},
                          timeout=60 + 3 * rounds)
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout)
    print(report)
    assert not report["failures"], (report, done.stderr[-2000:])
    assert report["killed"] > rounds / 10 and report["left"] > 0
