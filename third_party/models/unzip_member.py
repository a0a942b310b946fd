#!/usr/bin/env python3
"""Copies one member of a zip archive into a file: unzip_member.py ARCHIVE MEMBER OUT"""

import shutil
import sys
import zipfile

archive, member, out = sys.argv[1:]
with zipfile.ZipFile(archive) as package, package.open(member) as source, open(out, "wb") as target:
    shutil.copyfileobj(source, target, 1 << 20)
