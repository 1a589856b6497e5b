"""Arrays, and what stands in them for an absent whole number."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

NO_INT: Final = int(np.iinfo(np.int64).min)
"""Stands for an absent integer, money, instant or duration."""
