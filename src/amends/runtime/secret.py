"""The key that signs sessions and buyers' links."""

import os
import secrets
from pathlib import Path

from amends.model.errors import DependencyFailedError
from amends.runtime.config import Config


def secret_key(config: Config) -> bytes:
    """The configured key, else the one in the data folder, made there at the first call and readable by its owner only.

    Raises DependencyFailedError where the folder cannot be written.
    """
    if config.secret_key is not None:
        return config.secret_key.get_secret_value().encode()
    path = config.data_dir / "secret.key"
    try:
        config.data_dir.mkdir(parents=True, exist_ok=True)
        _make_once(path)
        return path.read_bytes()
    except OSError as error:
        raise DependencyFailedError(
            f"The key that signs sessions cannot be kept in {config.data_dir} ({error.strerror}): "
            "make the folder writable, name another with AMENDS_DATA_DIR, or set AMENDS_SECRET_KEY."
        ) from error


def _make_once(path: Path) -> None:
    # A link either is made whole or was there before: two processes that start together get the same key.
    if path.exists():
        return
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
