"""Archives, read member by member from an exact list of names; nothing is ever written to disk by its own path."""
import gzip
import io
import tarfile
import zlib
from pathlib import Path

from ..errors import DataError

TOO_MUCH = "it unpacks to more than the official one"


def refuse_what_is_no_archive(what, content):
    """Refuse bytes that do not even begin like a .tar.gz, and say what they look like."""
    if not content:
        raise DataError(f"{what} is empty: download it again")
    if content.lstrip()[:1] == b"<":
        raise DataError(f"{what} is an HTML page, not an archive: the download was refused or redirected; "
                        "download it again")
    if not content.startswith(b"\x1f\x8b"):
        raise DataError(f"{what} is not a .tar.gz archive: give the official folder or archive")


def read_members(what, content, wanted, largest):
    """Return {file name: bytes} of the wanted members of a .tar.gz given as bytes.

    `wanted` maps a member's full name to its name in the result. Members of other names are passed over; a link, a
    file with holes, a path that climbs out of the archive, or more than `largest` bytes in all condemn the whole of it.
    """
    files = {}
    try:
        with (gzip.open(io.BytesIO(content)) as unpacked,
              tarfile.open(fileobj=_Limited(unpacked, largest), mode="r|") as archive):
            for member in archive:
                parts = Path(member.name).parts
                if (member.name.startswith("/") or ".." in parts or member.sparse is not None
                        or not (member.isfile() or member.isdir())):
                    raise DataError(f"{what} holds {member.name!r}, a link, a device, a sparse file or a path that "
                                    "leads outside: it is not the official archive; do not use it")
                if member.size > largest:  # or tarfile would look for its end for ever
                    raise ValueError(TOO_MUCH)
                if member.isfile() and member.name in wanted:
                    files[wanted[member.name]] = archive.extractfile(member).read()
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
        raise DataError(f"{what} is not a readable .tar.gz ({error}): download it again") from None
    return files


class _Limited:
    """A file of which no more than so many bytes are read."""

    def __init__(self, file, most):
        self.file, self.left = file, most

    def read(self, size):
        content = self.file.read(size)
        self.left -= len(content)
        if self.left < 0:
            raise ValueError(TOO_MUCH)
        return content
