"""Lying servers: the official images come out, or one line, and nothing is left but what the next try goes on from."""
import pytest
import servers
from harness import damage_files


@pytest.mark.parametrize("kind", servers.KINDS)
def test_no_server_is_believed_or_waited_for(kind, campaign):
    report = damage_files("servers", kind, campaign(24, 600))
    assert report["refused"] > 0 and report["same"] > 0 and report["slowest_s"] < 5
