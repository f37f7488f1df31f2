"""The download: torchvision's from a local server, Debian's from stub commands, and failures that leave no trace."""

import gc
import gzip
import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torchvision
from conftest import idx_files, write

from vaehelpers import data, download
from vaehelpers.errors import DataError

# torchvision leaves client sockets for the garbage collector to close; that is not ours to mend.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


class Silent(SimpleHTTPRequestHandler):
    """A file server that does not log."""

    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(mini, tmp_path, monkeypatch):
    """A folder served on loopback that torchvision takes for its mirror."""
    folder = write(tmp_path / "mirror", mini)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    dataset = torchvision.datasets.FashionMNIST
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(dataset, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
    md5 = [
        (f"{name}.gz", hashlib.md5((folder / f"{name}.gz").read_bytes()).hexdigest())
        for name in data.SHA256
    ]
    monkeypatch.setattr(dataset, "resources", md5)
    yield folder
    server.shutdown()
    server.server_close()
    gc.collect()  # while this module's filter holds


@pytest.fixture
def no_apt(monkeypatch, tmp_path):
    """A PATH on which apt is not found."""
    monkeypatch.setenv("PATH", str(tmp_path))


def stub_apt(folder, files, monkeypatch, broken=False):
    """Put apt-get and dpkg-deb on the PATH that hand out `files` as the Debian package."""
    source = write(folder / "package", files)
    unpacked = "unpacked/usr/share/datasets/fashion-mnist"
    lists = 'case "$1" in -oDir::State::Lists=/*) ;; *) echo "E: relative lists folder" >&2; exit 100;; esac'
    scripts = {
        "apt-get": f'{lists}; [ -d "${{1#*=}}/partial" ] || exit 100; for last; do :; done; '
        f'[ "$last" = update ] && exit {int(broken)}; '
        f'[ {int(broken)} = 1 ] && {{ echo "E: no such package" >&2; exit 100; }}; : > package.deb',
        "dpkg-deb": f"mkdir -p {unpacked} && cp {source}/* {unpacked}/",
    }
    for name, text in scripts.items():
        path = folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin")


def left_behind():
    """Return every file and folder below data/ that is not part of a whole set."""
    return [p for p in Path("data").rglob("*") if "FashionMNIST" not in p.parts]


@pytest.mark.usefixtures("mirror", "no_apt")
def test_torchvision_download_from_a_mirror(mini):
    loaded = data.load()
    assert len(loaded.test) == 10
    assert sorted(p.name for p in Path("data/FashionMNIST/raw").iterdir()) == sorted(mini)
    assert not left_behind()
    assert data.locate() == Path.cwd() / "data/FashionMNIST/raw"


def test_debian_package_where_the_mirror_fails(mini, mirror, tmp_path, monkeypatch):
    (mirror / "train-labels-idx1-ubyte.gz").unlink()
    stub_apt(tmp_path, mini, monkeypatch)
    assert len(data.load().train) == 18
    assert not left_behind()


@pytest.mark.usefixtures("no_apt")
@pytest.mark.parametrize(
    ("contents", "answer"),
    [
        (b"no idx file at all", "torchvision: AssertionError"),
        (idx_files(21)["train-images-idx3-ubyte"], "wrong sha256"),
    ],
)
def test_wrong_contents_from_the_mirror_are_refused(mini, mirror, monkeypatch, contents, answer):
    name = "train-images-idx3-ubyte.gz"
    (mirror / name).write_bytes(gzip.compress(contents))
    md5 = [
        (n, hashlib.md5((mirror / n).read_bytes()).hexdigest()) for n in (f"{n}.gz" for n in mini)
    ]
    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "resources", md5)
    with pytest.raises(
        DataError, match=r"could not be fetched \(torchvision: .*Debian package: apt"
    ) as error:
        data.load()
    assert answer in str(error.value)
    assert list(Path("data").iterdir()) == []


def test_no_source_at_all(mini, tmp_path, monkeypatch):
    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", ["http://127.0.0.1:9/"])
    stub_apt(tmp_path, mini, monkeypatch, broken=True)
    with pytest.raises(DataError) as error:
        data.load()
    assert "\n" not in str(error.value)
    assert "E: no such package" in str(error.value)
    assert "VAEHELPERS_DATA" in str(error.value)
    assert list(Path("data").iterdir()) == []


def test_interrupt_leaves_nothing(mini, monkeypatch):
    def stop(scratch):
        write(scratch / "FashionMNIST" / "raw", dict(list(mini.items())[:2]))
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "_torchvision", stop)
    with pytest.raises(KeyboardInterrupt):
        data.load()
    assert list(Path("data").iterdir()) == []


@pytest.mark.usefixtures("mirror", "no_apt")
def test_a_good_copy_is_never_replaced(mini):
    folder = write(Path("data") / "FashionMNIST" / "raw", mini, zipped=False)
    stamps = {p.name: p.stat().st_mtime_ns for p in folder.iterdir()}
    assert download.fetch(Path("data")) == folder.resolve()  # as if another process had been faster
    assert {p.name: p.stat().st_mtime_ns for p in folder.iterdir()} == stamps
    assert not left_behind()


@pytest.mark.usefixtures("mirror", "no_apt")
def test_a_folder_in_the_way_is_named_and_kept(mini):
    other = Path("data/FashionMNIST/processed/mine.pt")
    other.parent.mkdir(parents=True)
    other.write_text("mine")
    with pytest.raises(DataError, match="Directory not empty"):
        data.load()
    assert other.read_text() == "mine"
    assert not left_behind()
