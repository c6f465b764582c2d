"""Compute the package list: the top-level folders install as ``gpt4video.<folder>``.

Plain top-level ``agent`` or ``tools`` would collide with the folders of whoever embeds us, so the
folders map into the ``gpt4video`` namespace. Everything else about the build is in pyproject.toml.
"""

from setuptools import find_namespace_packages, setup

TOP = ("agent", "tools", "memory", "policies")

packages = [
    f"gpt4video.{name}" for top in TOP for name in (top, *(f"{top}.{sub}" for sub in find_namespace_packages(top)))
]
setup(packages=packages, package_dir={f"gpt4video.{top}": top for top in TOP})
