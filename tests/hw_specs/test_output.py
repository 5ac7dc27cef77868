"""Results are written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import random
import re
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw_specs.output import OutputError, append_bytes, held, write_text, writing


def test_a_file_is_written_and_replaced(tmp_path):
    path = tmp_path / "report.json"
    for text in ("first", "second, with ünïcode"):
        write_text(path, text)
        assert path.read_text(encoding="utf-8") == text
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_can_be_read_by_those_whom_the_umask_allows(tmp_path):
    write_text(tmp_path / "report", "text")
    (tmp_path / "plain").write_text("")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("report", "plain")}
    assert len(modes) == 1


def test_a_name_as_long_as_names_can_be(tmp_path):
    path = tmp_path / ("x" * 255)
    write_text(path, "text")
    assert path.read_text() == "text"


@settings(max_examples=40)
@given(
    name=st.text(st.characters(exclude_categories=(), exclude_characters="\0/"), min_size=1).filter(
        lambda name: name not in (".", "..")
    ),
    text=st.text(st.characters(exclude_categories=())),
)
def test_names_and_contents_of_any_characters(name, text):
    """A name that the system cannot have is refused; whatever is in a file can be read as UTF-8."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        try:
            write_text(path, text)
        except OutputError:
            assert len(name.encode(errors="surrogatepass")) > 255 or re.search("[\ud800-\udc7f\udd00-\udfff]", name)
        else:
            assert os.listdir(folder) == [name]
            assert path.read_bytes().decode() == text.encode(errors="backslashreplace").decode()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("absent/report", "No such file or directory"),
        ("folder", "Is a directory"),
        ("file/report", "Not a directory"),
        ("x" * 300, "File name too long"),
    ],
)
def test_where_nothing_can_be_written_nothing_is_left(name, reason, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=f"cannot write: {reason}$"):
        write_text(tmp_path / name, "text")
    assert {p.name for p in tmp_path.iterdir()} == {"folder", "file"}
    assert list((tmp_path / "folder").iterdir()) == []


@pytest.mark.parametrize("path", [Path("/"), Path()])
def test_a_folder_instead_of_a_file(path):
    with pytest.raises(OutputError, match="cannot write: "):
        write_text(path, "text")


def test_an_interrupted_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "report"
    path.write_text("old")

    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_fails_keeps_the_old_file(tmp_path):
    path = tmp_path / "report"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), writing(path) as stream:
        stream.write(b"half" * (1 // 0))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


class TestWhatIsThere:
    def test_a_link_is_followed_and_stays_one(self, tmp_path):
        (tmp_path / "elsewhere").mkdir()
        link, target = tmp_path / "link", tmp_path / "elsewhere" / "target"
        link.symlink_to(target)
        for text in ("made", "replaced"):
            write_text(link, text)
            assert link.is_symlink()
            assert target.read_text() == text

    def test_links_in_a_circle_are_refused(self, tmp_path):
        (tmp_path / "a").symlink_to(tmp_path / "b")
        (tmp_path / "b").symlink_to(tmp_path / "a")
        with pytest.raises(OutputError, match="Too many levels of symbolic links"):
            write_text(tmp_path / "a", "text")

    @pytest.mark.parametrize("mode", [0o640, 0o600, 0o755])
    def test_its_mode_stays(self, mode, tmp_path):
        path = tmp_path / "report"
        path.write_text("old")
        path.chmod(mode)
        write_text(path, "new")
        assert stat.S_IMODE(path.stat().st_mode) == mode

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
    def test_its_owner_stays(self, tmp_path):
        path = tmp_path / "report"
        path.write_text("old")
        os.chown(path, 12345, 54321)
        write_text(path, "new")
        assert (path.stat().st_uid, path.stat().st_gid) == (12345, 54321)

    def test_a_fifo_is_written_into(self, tmp_path):
        path = tmp_path / "fifo"
        os.mkfifo(path)
        with subprocess.Popen(["cat", path], stdout=subprocess.PIPE) as reader:  # noqa: S603, S607
            write_text(path, "text" * 10_000)
            assert reader.communicate()[0] == b"text" * 10_000
        assert stat.S_ISFIFO(path.stat().st_mode)

    def test_a_device_is_written_into(self):
        write_text(Path("/dev/null"), "text")
        assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
        with pytest.raises(OutputError, match="/dev/full: cannot write: No space left on device"):
            write_text(Path("/dev/full"), "text")

    @pytest.mark.parametrize("name", ["/dev/stdout", "/proc/self/fd/1"])
    def test_standard_output_goes_on_where_it_is(self, name, tmp_path):
        """Also where a shell has opened a file for it: what follows comes behind."""
        script = f"from pathlib import Path; from hw_specs.output import *; write_text(Path('{name}'), 'a'); print('b')"
        with (tmp_path / "out").open("wb") as stream:
            subprocess.run([sys.executable, "-c", script], stdout=stream, check=True)  # noqa: S603
        assert (tmp_path / "out").read_text() == "ab\n"


def test_what_killed_writers_left_goes_with_the_next_writing(tmp_path):
    path = tmp_path / "report"
    write_text(path, "old")
    stem = f".{hashlib.blake2b(b'report', digest_size=6).hexdigest()}-"
    (tmp_path / f"{stem}dead.partial").write_bytes(b"half")
    (tmp_path / ".other-dead.partial").write_bytes(b"of another file")
    with held(tmp_path / f"{stem}alive.partial") as alone:
        assert alone
        write_text(path, "new")
        assert {p.name for p in tmp_path.iterdir()} == {"report", f"{stem}alive.partial", ".other-dead.partial"}


def test_a_lock_is_had_once(tmp_path):
    with held(tmp_path / "lock") as first, held(tmp_path / "lock") as second:
        assert (first, second) == (True, False)


def test_blocks_are_added_to_the_end(tmp_path):
    for block in (b"a", b"b"):
        append_bytes(tmp_path / "table", block)
    assert (tmp_path / "table").read_bytes() == b"ab"
    with pytest.raises(OutputError, match="cannot write: No such file"):
        append_bytes(tmp_path / "absent" / "table", b"a")


def test_a_lone_surrogate_is_written_as_its_escape(tmp_path):
    write_text(tmp_path / "report", "kernel \ud800")
    assert (tmp_path / "report").read_text() == "kernel \\ud800"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills children")
def test_a_kill_at_any_moment_leaves_the_old_or_the_new(tmp_path):
    """``benchmarks/kill_writers.py`` does the same thousands of times with every writer."""
    path, contents, rng = tmp_path / "report", ("a" * 100_000, "b" * 100_000), random.Random(1)  # noqa: S311
    write_text(path, contents[0])
    for _ in range(60):
        child = os.fork()
        while child == 0:
            write_text(path, contents[1])
            write_text(path, contents[0])
        time.sleep(rng.uniform(0.0, 0.01))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert path.read_text() in contents
    write_text(path, "last")
    assert list(tmp_path.iterdir()) == [path]
