"""A disk that fails on demand, for the processes of a house: tests/faults, through LD_PRELOAD."""

import os
import pathlib

LIBRARY = "rbees-faulty-disk.so"


class FaultyDisk:
    """The files below `folder` whose names begin with `only`. It is good until `set`.

    What is started with `environment` has it. With `power`, whatever was not synced is gone when the process is: the
    next one that opens a file of the folder finds what a power cut leaves.
    """

    def __init__(self, folder, programs, only="", power=False):
        built = pathlib.Path(programs).parent / "lib" / LIBRARY
        library = pathlib.Path(os.environ.get("RBEES_FAULTY_DISK") or built)
        assert library.is_file(), f"{library} is missing: tools/dev build -p release rbees-faulty-disk"
        self.folder = folder
        self.control = pathlib.Path(f"{folder}.faults")
        self.environment = {
            "LD_PRELOAD": str(library),
            "RBEES_FAULT_DIR": str(folder),
            "RBEES_FAULT_ONLY": only,
        } | ({"RBEES_FAULT_POWER": "1"} if power else {})

    def set(self, *faults):
        """From the next operation on; counts begin anew."""
        new = self.control.with_suffix(".new")
        new.write_text("".join(f"{fault}\n" for fault in faults))
        new.rename(self.control)

    def mend(self):
        self.control.unlink(missing_ok=True)

    def has_struck(self):
        """Whether a fault that strikes once has: the control file is gone then."""
        return not self.control.exists()
