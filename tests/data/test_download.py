"""The download: from a local server, from stubs of apt; and failures that leave no trace."""

import errno
import gc
import gzip
import hashlib
import os
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torchvision
from conftest import idx_files, write_idx_files

from vaehelpers.cli import main
from vaehelpers.data import download, fashion_mnist, load_data
from vaehelpers.errors import DataError

TRAIN_IMAGES = "train-images-idx3-ubyte"
# torchvision leaves client sockets for the garbage collector to close; that is not ours to mend.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


class Silent(SimpleHTTPRequestHandler):
    """A file server that does not log."""

    def log_message(self, *_):
        pass


def md5_of_archives(folder):
    """Return names and MD5 hashes of the archives in a folder, as torchvision lists them."""
    names = [f"{name}.gz" for name in fashion_mnist.SHA256]
    return [(name, hashlib.md5((folder / name).read_bytes()).hexdigest()) for name in names]


@pytest.fixture
def mirror(mini, tmp_path, monkeypatch):
    """A folder served on loopback that torchvision takes for its mirror."""
    folder = write_idx_files(tmp_path / "mirror", mini)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    dataset = torchvision.datasets.FashionMNIST
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(dataset, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
    monkeypatch.setattr(dataset, "resources", md5_of_archives(folder))
    yield folder
    server.shutdown()
    server.server_close()
    gc.collect()  # while this module's filter holds


@pytest.fixture
def no_apt(monkeypatch, tmp_path):
    """A PATH on which apt is not found."""
    monkeypatch.setenv("PATH", str(tmp_path))


# It wants a folder of its own for its lists, an absolute one with a folder `partial` in it.
APT_GET = """#!/bin/sh
case "$1" in
    -oDir::State::Lists=/*) ;;
    *) echo "E: relative lists folder" >&2; exit 100 ;;
esac
[ -d "${{1#*=}}/partial" ] || exit 100
for last; do :; done
[ "$last" = update ] && exit {broken}
[ {broken} = 1 ] && {{ echo "E: no such package" >&2; exit 100; }}
: > package.deb
"""
DPKG_DEB = """#!/bin/sh
mkdir -p {unpacked} && cp {source}/* {unpacked}/
"""


def stub_apt(folder, files, monkeypatch, broken=False):
    """Put apt-get and dpkg-deb on the PATH that hand out `files` as the Debian package."""
    source = write_idx_files(folder / "package", files)
    unpacked = "unpacked/usr/share/datasets/fashion-mnist"
    scripts = {
        "apt-get": APT_GET.format(broken=int(broken)),
        "dpkg-deb": DPKG_DEB.format(source=source, unpacked=unpacked),
    }
    for name, text in scripts.items():
        path = folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin")


def left_behind():
    """Return every file and folder below data/ that is not part of a whole set."""
    return [path for path in Path("data").rglob("*") if "FashionMNIST" not in path.parts]


@pytest.mark.usefixtures("mirror", "no_apt")
def test_torchvision_download_from_a_mirror(mini):
    loaded = load_data()
    assert len(loaded.test) == 10
    folder = Path("data/FashionMNIST/raw")
    assert sorted(path.name for path in folder.iterdir()) == sorted(mini)
    assert not left_behind()
    assert fashion_mnist.locate() == folder.absolute()


def test_debian_package_where_the_mirror_fails(mini, mirror, tmp_path, monkeypatch):
    (mirror / "train-labels-idx1-ubyte.gz").unlink()
    stub_apt(tmp_path, mini, monkeypatch)
    assert len(load_data().train) == 18
    assert not left_behind()


@pytest.mark.usefixtures("no_apt")
@pytest.mark.parametrize(
    ("contents", "answer"),
    [
        (b"no idx file at all", "torchvision: AssertionError"),
        (idx_files(21)[TRAIN_IMAGES], "wrong sha256"),
    ],
)
def test_wrong_contents_from_the_mirror_are_refused(mini, mirror, monkeypatch, contents, answer):
    (mirror / f"{TRAIN_IMAGES}.gz").write_bytes(gzip.compress(contents))
    md5 = md5_of_archives(mirror)
    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "resources", md5)
    expected = r"could not be fetched \(torchvision: .*Debian package: apt"
    with pytest.raises(DataError, match=expected) as error:
        load_data()
    assert answer in str(error.value)
    assert list(Path("data").iterdir()) == []


def test_no_source_at_all(mini, tmp_path, monkeypatch):
    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", ["http://127.0.0.1:9/"])
    stub_apt(tmp_path, mini, monkeypatch, broken=True)
    with pytest.raises(DataError) as error:
        load_data()
    assert "\n" not in str(error.value)
    assert "E: no such package" in str(error.value)
    assert "VAEHELPERS_DATA" in str(error.value)
    assert list(Path("data").iterdir()) == []


def test_interrupt_leaves_nothing(mini, monkeypatch):
    def stop_halfway(scratch):
        half = dict(list(mini.items())[:2])
        write_idx_files(scratch / "FashionMNIST" / "raw", half)
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "_torchvision", stop_halfway)
    with pytest.raises(KeyboardInterrupt):
        load_data()
    assert list(Path("data").iterdir()) == []


@pytest.mark.usefixtures("mirror", "no_apt")
def test_a_good_copy_is_never_replaced(mini):
    folder = write_idx_files(Path("data") / "FashionMNIST" / "raw", mini, zipped=False)
    stamps = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert download.fetch(Path("data")) == folder.resolve()  # as if another process had been faster
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == stamps
    assert not left_behind()


@pytest.mark.usefixtures("mirror", "no_apt")
@pytest.mark.parametrize("other", ["processed/mine.pt", "raw/.DS_Store"])
def test_what_lies_where_the_files_go_stays(mini, other):
    other = Path("data/FashionMNIST", other)
    other.parent.mkdir(parents=True)
    other.write_text("mine")
    assert len(load_data().test) == 10
    assert other.read_text() == "mine"
    assert not left_behind()


@pytest.mark.parametrize("left", [".", "FashionMNIST", "FashionMNIST/raw"])
def test_the_files_are_put_in_place_in_one_rename_also_onto_an_empty_folder(
    mini, monkeypatch, left
):
    def rename(source, target):
        moved.append(Path(target))
        replace(source, target)

    def write(scratch):
        write_idx_files(scratch / "FashionMNIST" / "raw", mini)

    moved, replace = [], os.replace
    monkeypatch.setattr(download, "_torchvision", write)
    monkeypatch.setattr("os.replace", rename)
    Path("data", left).mkdir(parents=True)
    load_data()
    assert moved == [Path("data/FashionMNIST/raw").absolute()]


@pytest.mark.usefixtures("mirror", "no_apt")
@pytest.mark.parametrize("file", ["data", "data/FashionMNIST", "data/FashionMNIST/raw"])
def test_a_file_where_a_folder_must_be_is_named_and_kept(mini, file):
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    Path(file).write_text("mine")
    with pytest.raises(DataError, match=rf"{Path(file).absolute()} cannot be written \(") as error:
        load_data()
    assert "\n" not in str(error.value)
    assert Path(file).read_text() == "mine"


def spoil(folder):
    """Cut one of the files in a folder short."""
    path = folder / f"{TRAIN_IMAGES}.gz"
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.usefixtures("mirror", "no_apt")
@pytest.mark.parametrize("way", ["data", "environment"])
@pytest.mark.parametrize("layout", [".", "raw", "FashionMNIST/raw"])
def test_the_mend_for_damaged_files_works(mini, tmp_path, monkeypatch, way, layout):
    root = tmp_path / "sets" if way == "environment" else Path("data")
    if way == "environment":
        monkeypatch.setenv(fashion_mnist.ENV, str(root))
    folder = write_idx_files(root / layout, mini).absolute()
    spoil(folder)
    with pytest.raises(DataError, match=f"move the idx files out of {folder} and run ") as error:
        load_data()
    assert str(error.value).endswith(f"which fetches them into {root.absolute()}")

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for path in list(folder.iterdir()):  # the folder itself stays, empty
        path.rename(elsewhere / path.name)
    assert main(["data"]) == 0
    assert len(load_data().test) == 10


@pytest.mark.usefixtures("mirror", "no_apt")
@pytest.mark.parametrize("exists", [True, False])
def test_the_mend_for_a_folder_without_files_works(mini, tmp_path, monkeypatch, exists):
    folder = tmp_path / "mine"
    if exists:
        folder.mkdir()
    monkeypatch.setenv(fashion_mnist.ENV, str(folder))
    expected = f"or run `python -m vaehelpers data`, which fetches them into {folder}$"
    with pytest.raises(DataError, match=expected):
        load_data()
    assert main(["data"]) == 0
    assert len(load_data().test) == 10


def refuse_folders(monkeypatch, below, number):
    """Have the system refuse, with an error of that number, to make a folder below another."""
    make = os.mkdir

    def mkdir(path, *rest, **more):
        if Path(path).absolute().is_relative_to(below.absolute()):
            raise OSError(number, os.strerror(number), str(path))
        make(path, *rest, **more)

    monkeypatch.setattr("os.mkdir", mkdir)


@pytest.mark.usefixtures("mirror", "no_apt")
@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_course_folder_that_cannot_be_written_names_the_way_out(
    mini, tmp_path, monkeypatch, number
):
    course = Path("course").absolute()
    (course / "notebooks").mkdir(parents=True)
    (course / "pyproject.toml").touch()
    monkeypatch.chdir(course / "notebooks")
    refuse_folders(monkeypatch, course, number)
    with pytest.raises(DataError) as error:
        load_data()
    assert str(error.value) == (
        f"FashionMNIST is not there yet, and {course}/data cannot be written "
        f"({os.strerror(number)}); set VAEHELPERS_DATA to a folder of yours, "
        "and run `python -m vaehelpers data`"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(fashion_mnist.ENV, "~/mine")
    assert main(["data"]) == 0
    assert len(load_data().test) == 10
    assert fashion_mnist.locate() == tmp_path / "mine" / "FashionMNIST" / "raw"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_ends_the_search_and_names_folder_and_mend(mini, tmp_path, monkeypatch, number):
    def fill(scratch):
        raise OSError(number, os.strerror(number))  # as `write` raises it, without a path

    asked = []
    monkeypatch.setattr(download, "_torchvision", fill)
    monkeypatch.setattr(download, "_debian", asked.append)
    with pytest.raises(DataError) as error:
        load_data()
    assert str(error.value) == (
        f"FashionMNIST is not there yet, and {Path('data').absolute()} cannot be written "
        f"({os.strerror(number)}); free 200 MB, or set VAEHELPERS_DATA to a folder of yours, "
        "and run `python -m vaehelpers data`"
    )
    assert asked == []
    assert list(Path("data").iterdir()) == []

    def write(scratch):
        write_idx_files(scratch / "FashionMNIST" / "raw", mini)

    monkeypatch.setattr(download, "_torchvision", write)  # there is room again
    assert main(["data"]) == 0


@pytest.mark.usefixtures("no_apt")
def test_the_mend_where_nothing_can_be_fetched_works(mini, monkeypatch, tmp_path):
    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", ["http://127.0.0.1:9/"])
    target = Path("data").absolute()
    expected = f"copy its four idx files into {target}/ or point VAEHELPERS_DATA at a folder"
    with pytest.raises(DataError, match=expected):
        load_data()
    write_idx_files(target, mini)
    assert len(load_data().test) == 10
    monkeypatch.setenv(fashion_mnist.ENV, str(write_idx_files(tmp_path / "have", mini)))
    assert len(load_data().test) == 10
