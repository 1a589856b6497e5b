"""Templates made into pages: one environment for each domain and language, every text by way of the catalogues."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from amends.model.errors import DependencyFailedError
from amends.web.languages import Domain, Language, catalogue
from amends.web.wording import Wording

HERE: Final = Path(__file__).parent
TEMPLATES: Final = HERE / "templates"
STATIC: Final = HERE / "static"


class MissingAssetError(DependencyFailedError):
    """A file of the console is not there; `make assets` fetches it."""


def page(domain: Domain, template: str, say: Wording, /, **values: Any) -> str:
    """The template as text. `say` is there to the template, as are the `values`; a name that is not given raises."""
    environment = environment_of(domain, say.language)
    return environment.get_template(f"{domain}/{template}").render(say=say, **values)


@cache
def environment_of(domain: Domain, language: Language) -> Environment:
    """The environment of a domain in a language."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    texts = catalogue(domain, language)
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        texts.gettext, texts.ngettext, newstyle=True, pgettext=texts.pgettext, npgettext=texts.npgettext
    )
    environment.globals["asset"] = asset
    environment.filters["initials"] = initials
    return environment


def initials(name: str) -> str:
    """Two letters for a person, or the end of a Chinese name."""
    words = name.split()
    if len(words) > 1:
        return (words[0][0] + words[-1][0]).upper()
    return name[-2:] if name and not name.isascii() else name[:2].upper()


@cache
def asset(name: str) -> str:
    """The address of a static file, which changes with its content, so that browsers may keep it for ever."""
    path = STATIC / name
    if not path.is_file():
        raise MissingAssetError(f"{path} is not there: run `make assets` (or scripts/fetch_assets.py) and start again")
    return f"/static/{name}?v={sha256(path.read_bytes()).hexdigest()[:10]}"
