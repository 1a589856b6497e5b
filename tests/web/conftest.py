"""One small world for all the tests that only look at it, or change no more than a case of their own."""

from collections.abc import Iterator

import pytest
from tests.web.site import Site, open_site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("site")) as opened:
        yield opened
