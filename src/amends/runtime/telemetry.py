"""What the process says of its own work, on standard error."""

import logging
import sys
from typing import Final

import structlog
from structlog.tracebacks import ExceptionDictTransformer

_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

_FOR_PEOPLE: Final = [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
_FOR_MACHINES: Final = [
    structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
    structlog.processors.JSONRenderer(),
]


def set_up_logging(level: str) -> None:
    """Log from `level` on: in words and colours on a terminal, else one JSON object a line.

    A traceback shows places and no values: those are buyers' addresses and vendors' secrets.
    """
    logging.basicConfig(level=max(_LEVELS[level], logging.WARNING), stream=sys.stderr, format="%(message)s")
    to_people = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            *(_FOR_PEOPLE if to_people else _FOR_MACHINES),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
