"""Names the wheel: any Python 3, but one machine, because of the library inside; `pyproject.toml` has the rest."""

from setuptools import setup
from setuptools.dist import Distribution

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:
    from wheel.bdist_wheel import bdist_wheel


class BinaryDistribution(Distribution):
    """A package with a library, which setuptools would take for pure Python."""

    def has_ext_modules(self):
        """Whether it depends on the machine."""
        return True


class AnyPython(bdist_wheel):
    """A wheel that doesn't depend on the version of Python: the library is loaded by ctypes."""

    def get_tag(self):
        """Python, ABI and platform."""
        _, _, platform = super().get_tag()
        return "py3", "none", platform


setup(distclass=BinaryDistribution, cmdclass={"bdist_wheel": AnyPython})
