"""The checks of tools/tidy: each module has `check(tree)`, which returns findings."""
