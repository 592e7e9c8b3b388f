"""Places in an object store as paths: `s3://bucket/folder`, opened, listed and written through Arrow's file systems.

A `BucketPath` does what readers do to a path. Whatever else a function would do to a file of this machine ends in a
line that says so: no path of a bucket is ever taken for a folder named `s3:`. Credentials, region and endpoint are the
environment's (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL` and so on), and go into no file.
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from functools import cache
from pathlib import Path, PosixPath
from typing import IO, TYPE_CHECKING, Any, Self

from keep3r_replay.errors import InputError, UsageError, without_urls

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

_BEGIN = re.compile(r"(s3|gs|abfss?):/{1,2}(?=[\w.-])", re.ASCII)
_PLACE = re.compile(r"(s3|gs|abfss?):/{1,2}([\w.-]+(?:/[\w. =-]+)*)/*", re.ASCII)
_HTTP = "http://"


class BucketPath(PosixPath):
    """A folder or file in a bucket."""

    def __str__(self) -> str:
        return f"{self.parts[0]}//{self.key}"

    def __fspath__(self) -> str:
        raise UsageError(f"{self}: is in a bucket, and this takes a folder of this machine")

    @property
    def key(self) -> str:
        """Bucket and place in it, as Arrow's file systems take it."""
        return "/".join(self.parts[1:])

    def _info(self) -> Any:
        try:
            return self._files.get_file_info(self.key)
        except OSError as error:
            raise InputError(self, f"the store says: {without_urls(str(error))}") from None

    @property
    def _files(self) -> Any:
        return _file_system(self.parts[0], self.parts[1])

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:  # noqa: ARG002 - a bucket has no links
        """Kind and size. Raises `FileNotFoundError`."""
        found = self._info()
        if found.type.name == "NotFound":
            raise FileNotFoundError(2, "no such file or folder", str(self))
        kind = stat.S_IFREG if found.is_file else stat.S_IFDIR
        return os.stat_result((kind, 0, 0, 0, 0, 0, found.size or 0, 0, 0, 0))

    def exists(self, *, follow_symlinks: bool = True) -> bool:  # noqa: ARG002 - as above
        """Whether there is such a file, or anything in such a folder."""
        return bool(self._info().type.name != "NotFound")

    def is_file(self, *, follow_symlinks: bool = True) -> bool:  # noqa: ARG002 - as above
        """Whether it is a file."""
        return bool(self._info().is_file)

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:  # noqa: ARG002 - as above
        """Whether anything is in it."""
        return self.exists() and not self.is_file()

    def resolve(self, strict: bool = False) -> Self:  # noqa: ARG002 - as above
        """Itself."""
        return self

    def absolute(self) -> Self:
        """Itself."""
        return self

    def open(self, mode: str = "r", *_: Any, **__: Any) -> IO[Any]:  # type: ignore[override] # an overload a mode there
        """Open a file to read its bytes."""
        if mode != "rb":
            return super().open(mode)
        content: IO[Any] = self._files.open_input_file(self.key)
        return content

    def read_bytes(self) -> bytes:
        """The content of a file. Raises `OSError`."""
        with self.open("rb") as file:
            content: bytes = file.read()
        return content

    def write_bytes(self, data: Any) -> int:
        """Put a file, whole or not at all. Raises `OSError`."""
        with self._files.open_output_stream(self.key) as file:
            file.write(data)
        return len(data)

    def unlink(self, missing_ok: bool = False) -> None:
        """Remove a file."""
        if self.is_file() or not missing_ok:
            self._files.delete_file(self.key)

    def sizes(self) -> dict[str, int]:
        """Names of all files below, relative to this folder, and their bytes."""
        from pyarrow.fs import FileSelector  # noqa: PLC0415 - only buckets need it

        self._info()
        found = self._files.get_file_info(FileSelector(self.key, allow_not_found=True, recursive=True))
        return {each.path[len(self.key) + 1 :]: each.size for each in found if each.is_file}

    def iterdir(self) -> Generator[Self, None, None]:
        """What stands in this folder."""
        yield from (self / name for name in sorted({each.partition("/")[0] for each in self.sizes()}))

    def glob(self, pattern: str, **_: Any) -> Iterator[Self]:  # type: ignore[override] # its arguments vary by Python
        """Files below that match; only `*/NAME`, as for the manifests of the folders in this one."""
        end = str(pattern).removeprefix("*")
        return iter([self / each for each in sorted(self.sizes()) if each.count("/") == 1 and each.endswith(end)])


def in_bucket(place: str | Path) -> bool:
    """Whether a text or a path is of an object store."""
    return isinstance(place, BucketPath) or _BEGIN.match(str(place)) is not None


def location(place: str | Path) -> Path:
    """The path that a text names: a folder of this machine, or a place in a bucket.

    Raises:
        UsageError: it is of a store, but with more than a bucket and names of folders: keys and options belong into the
            environment.
    """
    if isinstance(place, BucketPath):
        return place
    if not in_bucket(place):
        return Path(place)
    found = _PLACE.fullmatch(str(place))
    if found is None:
        raise UsageError("a place in a store is s3://BUCKET/FOLDER; credentials and endpoint are the environment's")
    return BucketPath(f"{found[1]}:", *found[2].split("/"))


def for_arrow(path: Path) -> Any:
    """What pyarrow reads a file from."""
    return path.open("rb") if isinstance(path, BucketPath) else path


def for_polars(folder: Path) -> dict[str, str] | None:
    """What polars' object store must be told beside the environment to read below a folder; None on this machine."""
    if not isinstance(folder, BucketPath):
        return None
    return {"aws_allow_http": "true"} if (_endpoint() or "").startswith(_HTTP) else {}


def file_sizes(folder: Path, names: list[str]) -> dict[str, int]:
    """The sizes of those files that are there: a bucket is listed once, instead of asked about each."""
    if isinstance(folder, BucketPath):
        return folder.sizes()
    wanted, found = frozenset(names), {}
    for above in {name.rpartition("/")[0] for name in names}:
        # A folder is listed once: a path of each file costs more than to look at it.
        with suppress(OSError), os.scandir(folder / above) as entries:
            for entry in entries:
                name = f"{above}/{entry.name}" if above else entry.name
                if name in wanted:
                    with suppress(OSError):
                        found[name] = entry.stat().st_size
    return found


def _endpoint() -> str | None:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


@cache
def _file_system(scheme: str, bucket: str) -> Any:
    from pyarrow import fs  # noqa: PLC0415 - it loads a client of every store, which only buckets need

    if scheme != "s3:":
        return fs.FileSystem.from_uri(f"{scheme}//{bucket}")[0]
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return fs.S3FileSystem(endpoint_override=_endpoint(), region=region)
