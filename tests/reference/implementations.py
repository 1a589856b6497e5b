"""The kernels that must agree: the naive reference, and the real one."""

from collections.abc import Callable
from typing import Any

from tests.reference.kernel import ReferenceKernel
from tests.reference.stories import AnyKernel

from amends.detection import Kernel, pack_from_documents


def real_kernel(document: dict[str, Any]) -> Kernel:
    """The kernel for a pack given as a document."""
    return Kernel(pack_from_documents([document]))


MAKERS: dict[str, Callable[[dict[str, Any]], AnyKernel]] = {"naive": ReferenceKernel, "kernel": real_kernel}
