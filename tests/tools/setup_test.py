"""tools/setup asks for what is missing and for nothing else; apt-get and dpkg-query are played by scripts."""

import os
import pathlib
import subprocess
import unittest

import support

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / "tools" / "setup"
TOOLS = ("bash", "sed", "awk", "env", "mktemp", "rm", "tail", "cat", "sudo")
COMMANDS = ("clang++-19", "ld.lld-19", "cmake", "ninja", "ccache", "pkg-config", "git", "curl", "python3", "npm")


class SetupTest(support.TreeTest):
    def setUp(self):
        super().setUp()
        self.bin = self.root / "bin"
        self.bin.mkdir()
        for tool in TOOLS:
            for folder in ("/usr/bin", "/bin"):
                if pathlib.Path(folder, tool).exists() and not (self.bin / tool).exists():
                    (self.bin / tool).symlink_to(f"{folder}/{tool}")
        for command in COMMANDS:
            self.script(command, "")
        self.script("sudo", 'exec "$@"')
        self.script(
            "dpkg-query", 'for last; do :; done; case " $ABSENT " in *" $last "*) exit 1 ;; esac; printf installed'
        )
        self.script("apt-get", 'echo "$@" >>"$APT_LOG"')
        (self.root / "os-release").write_text('ID=debian\nVERSION_ID="12"\n')

    def script(self, name: str, body: str):
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/bash\n{body}\n")
        path.chmod(0o755)

    def run_setup(self, *arguments: str, absent: str = "") -> subprocess.CompletedProcess:
        environment = {
            "PATH": str(self.bin),
            "ABSENT": absent,
            "APT_LOG": str(self.root / "apt.log"),
            "OS_RELEASE_FILE": str(self.root / "os-release"),
            "TMPDIR": str(self.root),
        }
        return subprocess.run([self.bin / "bash", PROGRAM, *arguments], env=environment, capture_output=True, text=True)

    def asked_of_apt(self) -> list[str]:
        log = self.root / "apt.log"
        return log.read_text().splitlines() if log.exists() else []

    def test_nothing_is_asked_where_everything_is_there(self):
        run = self.run_setup()

        self.assertEqual((run.returncode, self.asked_of_apt()), (0, []), run.stderr)

    def test_only_what_is_missing_is_installed_and_nothing_is_removed(self):
        run = self.run_setup(absent="libfmt-dev libgtest-dev")

        self.assertEqual(run.returncode, 0, run.stderr)
        install = self.asked_of_apt()[1]
        self.assertTrue(install.endswith("libfmt-dev libgtest-dev"), install)
        self.assertIn("--no-remove", install)
        self.assertIn("--no-install-recommends", install)
        self.assertIn("libfmt-dev is missing: text", run.stderr)

    def test_npm_from_anywhere_is_enough(self):
        run = self.run_setup(absent="npm nodejs")

        self.assertEqual((run.returncode, self.asked_of_apt()), (0, []), run.stderr)

    def test_npm_is_installed_where_there_is_none(self):
        os.remove(self.bin / "npm")

        self.run_setup()

        self.assertTrue(self.asked_of_apt()[1].endswith(" npm"))

    def test_dry_run_installs_nothing(self):
        run = self.run_setup("--dry-run", absent="libfmt-dev")

        self.assertEqual((run.returncode, self.asked_of_apt()), (1, []))

    def test_other_systems_are_told_what_is_needed(self):
        (self.root / "os-release").write_text("ID=fedora\n")

        run = self.run_setup()

        self.assertEqual(run.returncode, 2)
        self.assertIn("libboost1.81-dev", run.stderr)

    def test_failure_of_apt_is_told_with_the_command_to_try(self):
        self.script("apt-get", '[[ "$1" != install ]] || { echo "E: conflict"; exit 100; }')

        run = self.run_setup(absent="libboost1.81-dev")

        self.assertEqual(run.returncode, 1)
        self.assertIn("E: conflict", run.stderr)
        self.assertIn("apt-get install --no-install-recommends libboost1.81-dev", run.stderr)

    def test_unknown_argument_is_a_usage_error(self):
        self.assertEqual(self.run_setup("--everything").returncode, 2)


if __name__ == "__main__":
    unittest.main()
