"""The faulty disk itself (tests/faults), with a Python program on it: what the tests of the house rest on."""

import os
import pathlib
import subprocess
import sys
import textwrap

import pytest

from disk import FaultyDisk
from house import ROOT

PROGRAMS = pathlib.Path(os.environ.get("RBEES_BIN") or ROOT / "build/release/bin")


class Bench:
    """A folder on a faulty disk."""

    def __init__(self, folder, **options):
        self.folder = folder / "state"
        self.folder.mkdir()
        self.disk = FaultyDisk(self.folder, PROGRAMS, **options)

    def run(self, program):
        """Runs Python in the folder's path `d`; what it printed. `put` writes a file, `tried` names an errno."""
        head = f"""
            import errno, os
            d = {str(self.folder)!r}
            def put(name, text, flags=os.O_CREAT | os.O_RDWR):
                fd = os.open(f"{{d}}/{{name}}", flags, 0o600)
                os.write(fd, text)
                return fd
            def tried(call, *arguments):
                try:
                    return call(*arguments)
                except OSError as error:
                    return errno.errorcode[error.errno]
            def sync_folder():
                fd = os.open(d, os.O_RDONLY | os.O_DIRECTORY)
                os.fsync(fd)
        """
        done = subprocess.run(
            [sys.executable, "-B", "-S", "-c", textwrap.dedent(head) + textwrap.dedent(program)],
            env=os.environ | self.disk.environment,
            capture_output=True,
            text=True,
        )
        self.code = done.returncode
        assert done.returncode in (0, -9), done.stderr
        return done.stdout.split()


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


@pytest.fixture
def powered(tmp_path):
    return Bench(tmp_path, power=True)


class TestFaults:
    def test_without_a_control_file_it_is_good(self, bench):
        assert bench.run('os.fsync(put("a", b"text")); print(open(f"{d}/a").read())') == ["text"]

    def test_fsync_fails_once_and_deletes_the_file(self, bench):
        bench.disk.set("fsync-error 2")
        found = bench.run('fd = put("a", b"x"); print(*(tried(os.fsync, fd) for _ in range(3)))')

        assert found == ["None", "EIO", "None"]
        assert bench.disk.has_struck()

    def test_fsync_fails_for_good(self, bench):
        bench.disk.set("fsync-error 2 lasting")
        found = bench.run('fd = put("a", b"x"); print(*(tried(os.fdatasync, fd) for _ in range(3)))')

        assert found == ["None", "EIO", "EIO"]
        assert not bench.disk.has_struck()

    def test_a_write_fails_and_leaves_the_file_as_it_was(self, bench):
        bench.disk.set("write-error 2")
        found = bench.run('fd = put("a", b"x"); print(*(tried(os.write, fd, b"yy") for _ in range(2)))')

        assert found == ["EIO", "2"]
        assert (bench.folder / "a").read_bytes() == b"xyy"

    def test_a_full_disk_takes_what_fits_and_says_so(self, bench):
        bench.disk.set("full 10")
        found = bench.run("""
            fd = put("a", b"123456")
            print(tried(os.write, fd, b"123456"), tried(os.write, fd, b"1"), os.statvfs(d).f_bavail)
            print(tried(os.pwrite, fd, b"over", 0), tried(os.posix_fallocate, fd, 0, 100))
            os.ftruncate(fd, 2)
            print(tried(os.pwrite, fd, b"12345678", 2))
            os.unlink(f"{d}/a")
            print(tried(put, "b", b"1234567890") > 0)
        """)

        assert found == ["4", "ENOSPC", "0", "4", "ENOSPC", "8", "True"]

    def test_a_quota_is_not_seen_before_it_is_used_up(self, bench):
        bench.disk.set("quota 4")
        found = bench.run('print(os.statvfs(d).f_bavail > 0, tried(os.write, put("a", b"1234"), b"5"))')

        assert found == ["True", "ENOSPC"]

    def test_a_read_only_disk_takes_nothing_and_is_read(self, bench):
        (bench.folder / "a").write_text("old")
        bench.disk.set("read-only")
        found = bench.run("""
            print(tried(put, "a", b"new"), tried(put, "b", b"new"), open(f"{d}/a").read(), os.access(d, os.W_OK))
            print(tried(os.unlink, f"{d}/a"), tried(os.rename, f"{d}/a", f"{d}/c"))
        """)

        assert found == ["EROFS", "EROFS", "old", "False", "EROFS", "EROFS"]

    def test_other_folders_and_other_names_are_left_alone(self, tmp_path):
        bench = Bench(tmp_path, only="mine")
        bench.disk.set("read-only")
        found = bench.run('print(tried(put, "mine.db", b"x"), tried(put, "../a", b"x") > 0, tried(put, "b", b"x") > 0)')

        assert found == ["EROFS", "True", "True"]

    def test_what_it_does_not_understand_ends_the_program(self, bench):
        bench.disk.set("fsync-eror 1")
        with pytest.raises(AssertionError, match="is no fault"):
            bench.run('put("a", b"x")')

    def test_a_slow_disk_takes_its_time(self, bench):
        bench.disk.set("slow 50")
        found = bench.run("""
            import time
            fd = put("a", b"x")
            began = time.monotonic()
            os.fsync(fd)
            print(time.monotonic() - began >= 0.05)
        """)

        assert found == ["True"]


class TestPower:
    def test_what_was_synced_outlives_the_process_and_nothing_else(self, powered):
        powered.run("""
            fd = put("a", b"kept")
            os.fsync(fd)
            sync_folder()
            os.write(fd, b" and lost")
            os.fsync(put("nameless", b"synced, but its name was not"))
            print(open(f"{d}/a").read())
            os.kill(os.getpid(), 9)
        """)
        found = powered.run('print(open(f"{d}/a").read(), os.path.exists(f"{d}/nameless"))')

        assert found == ["kept", "False"]

    def test_a_cut_kills_in_the_middle_of_a_sync(self, powered):
        powered.disk.set("cut-at-sync 3", "seed 4")
        told = powered.run("""
            fd = put("a", b"old" * 5000)
            os.fsync(fd)
            sync_folder()
            print("synced", flush=True)
            os.pwrite(fd, b"new" * 5000, 0)
            os.fsync(fd)
            print("unreachable")
        """)

        assert (told, powered.code) == (["synced"], -9)
        assert powered.disk.has_struck()
        found = powered.run('print(open(f"{d}/a").read())')[0]
        assert len(found) == 15000 and set(found) <= set("oldnew")

    def test_a_disk_that_lies_keeps_nothing(self, powered):
        powered.disk.set("lie")
        powered.run('os.fsync(put("a", b"text")); sync_folder()')
        powered.disk.mend()

        assert powered.run('put("b", b"boot"); print(os.path.exists(f"{d}/a"))') == ["False"]

    def test_what_a_failed_sync_should_have_written_is_lost(self, powered):
        powered.disk.set("fsync-error 3", "seed 1")  # with this seed, all of it
        powered.run("""
            fd = put("a", b"old")
            os.fsync(fd)
            sync_folder()
            os.pwrite(fd, b"new", 0)
            print(tried(os.fsync, fd), tried(os.fsync, fd))
            os.kill(os.getpid(), 9)
        """)
        found = powered.run('print(open(f"{d}/a").read())')

        assert found == ["old"]  # though the second sync said that all was well
