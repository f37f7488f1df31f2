"""What pyproject.toml cannot say: the notebooks travel inside the package.

All else stands there.
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

NOTEBOOKS = 4


class BuildWithNotebooks(build_py):
    """Copy the notebooks into the package in a wheel, and take them into a source archive.

    An editable installation needs no copies: there they are found beside the package.
    """

    def run(self):
        """Build the package, and the notebooks with it."""
        super().run()
        if self.editable_mode:
            return
        folder = Path(self.build_lib, "vaehelpers", "notebooks")
        self.mkpath(str(folder))
        for path in self.notebooks():
            self.copy_file(path, str(folder))

    def get_source_files(self):
        """Return what a source archive has to hold."""
        return [*super().get_source_files(), *self.notebooks()]

    def notebooks(self):
        """Return the notebooks' paths; raise FileNotFoundError where they are not all there."""
        found = sorted(map(str, Path("notebooks").glob("0*.ipynb")))
        if len(found) != NOTEBOOKS:
            raise FileNotFoundError(f"notebooks/ has {found}, and {NOTEBOOKS} are to be packed")
        return found


setup(cmdclass={"build_py": BuildWithNotebooks})
