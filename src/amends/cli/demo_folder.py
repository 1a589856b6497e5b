"""The folder of a demo: which world it holds, so that the demo can go on there after it has stopped, however it did."""

import os
from pathlib import Path
from typing import Final

import msgspec

from amends.model.errors import UnusableInputError
from amends.model.instant import DAY, Instant

DATABASE: Final = "amends.sqlite"
_NAME: Final = "demo-world.json"
_DRAFT: Final = _NAME + ".part"
SEED: Final = 1
PAST: Final = 9


class FolderTakenError(UnusableInputError):
    """The folder holds something that is no demo's, or another world than the one asked for."""


class DemoWorld(msgspec.Struct, frozen=True, kw_only=True):
    """A world by which it can be made again: of that `seed`, beginning at `start`, first looked at `past` days later.

    It is `whole` once its past is told; `order` is one whose parcel was heard of last in it.
    """

    seed: int
    past: int
    start: Instant
    order: str | None = None
    whole: bool = False

    @property
    def begins(self) -> Instant:
        """Where the past ends and the demo begins."""
        return Instant(self.start + self.past * DAY)


def open_world(folder: Path, now: Instant, *, seed: int | None, past: int | None) -> DemoWorld:
    """The world that the folder holds, or a new one in an empty folder. Raises FolderTakenError.

    One that was not whole yet when its demo was stopped is cleared away and begun anew: no vendor had been answered.
    """
    kept = read_world(folder)
    if kept is not None:
        _check_same(folder, kept, seed, past)
        if kept.whole:
            return kept
        for part in folder.glob(f"{DATABASE}*"):
            part.unlink()
        seed, past = kept.seed, kept.past
    elif any(part.name != _DRAFT for part in folder.iterdir()):
        raise FolderTakenError(f"{folder} is not empty and holds no demo's world: name a new folder.")
    past = past or PAST
    world = DemoWorld(seed=SEED if seed is None else seed, past=past, start=Instant(now - past * DAY))
    keep_world(folder, world)
    return world


def keep_world(folder: Path, world: DemoWorld) -> None:
    """Note it in the folder, all of it or nothing."""
    draft = folder / _DRAFT
    with draft.open("wb") as file:
        file.write(msgspec.json.encode(world))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / _NAME)


def read_world(folder: Path) -> DemoWorld | None:
    """The world that the folder holds; None where it holds none. Raises FolderTakenError for something else."""
    try:
        return msgspec.json.decode((folder / _NAME).read_bytes(), type=DemoWorld)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise FolderTakenError(f"{folder / _NAME} is no demo's world ({error}): name a new folder.") from None


def _check_same(folder: Path, kept: DemoWorld, seed: int | None, past: int | None) -> None:
    if seed not in (None, kept.seed) or past not in (None, kept.past):
        raise FolderTakenError(
            f"{folder} holds the world of --seed {kept.seed} --past {kept.past}: leave those options out to go on "
            "with it, or name a new folder for another."
        )
