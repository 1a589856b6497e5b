"""The kernels that must agree: the naive reference, and the real one as soon as it is there."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.reference.kernel import ReferenceKernel
from tests.reference.stories import AnyKernel

Maker = Callable[[dict[str, Any]], AnyKernel]


def real_kernel(document: dict[str, Any]) -> Any:
    """The real kernel for a pack given as a document."""
    detection = pytest.importorskip("amends.detection.kernel") and pytest.importorskip("amends.detection")
    return detection.Kernel(detection.pack_from_documents([document]))


MAKERS: dict[str, Maker] = {"naive": ReferenceKernel, "kernel": real_kernel}
