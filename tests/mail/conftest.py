"""Mail servers, and a house that sends letters by them."""

import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext, create_default_context

import pytest
from tests.mail.house import House
from tests.mail.post_office import MailServer, PostOffice

from amends.runtime.opening import open_store
from amends.store.work import SqlStore

_numbers = count()


@pytest.fixture(scope="session")
def mail_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    server = MailServer(tmp_path_factory.mktemp("imap") / "log")
    yield server
    server.close()


@pytest.fixture
def office(mail_server: MailServer) -> Iterator[PostOffice]:
    mail_server.clear()
    office = PostOffice(mail_server)
    yield office
    office.close()


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'amends.sqlite'}"


@pytest.fixture
def store(database: str) -> Iterator[SqlStore]:
    store = open_store(database)
    yield store
    store.database.close()


@pytest.fixture
def house(store: SqlStore, office: PostOffice, database: str) -> House:
    return House(store, office, database)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1, in one file."""
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    key, names = path.with_suffix(".key"), "subjectAltName=IP:127.0.0.1"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    subprocess.run([*words, "-addext", names, "-keyout", key, "-out", path], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + key.read_bytes())
    return path


@pytest.fixture
def server_tls(certificate: Path) -> SSLContext:
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def client_tls(certificate: Path) -> SSLContext:
    return create_default_context(cafile=certificate)
