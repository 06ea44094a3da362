"""Say early that a file cannot be written because its folder is not there."""

from pathlib import Path

from ...errors import ConfigError


def require_folder(file: Path) -> None:
    """Raise ConfigError where the folder of a file does not exist."""
    if not file.resolve().parent.is_dir():
        raise ConfigError(f"the folder of {str(file)!r} does not exist; make it first")
