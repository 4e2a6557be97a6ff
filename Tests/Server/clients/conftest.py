"""Fixtures: the server under test, clients for it, the command line's transcripts."""

import harness
import httpx
import openai
import pytest


def pytest_addoption(parser):
    parser.addoption("--binary", default=str(harness.ROOT / ".build/release/swiftlet"))
    parser.addoption("--kills", type=int, default=3, help="how often the server is killed; 100 for a full run")
    parser.addoption("--mutations", type=int, default=2000, help="requests of the mutation test; 100000 for a full run")
    parser.addoption("--seed", type=int, default=1, help="of the kill and the mutation test")


@pytest.fixture(scope="session")
def binary(pytestconfig):
    return pytestconfig.getoption("binary")


@pytest.fixture(scope="session")
def command_line(binary):
    return harness.CommandLine(binary)


@pytest.fixture(scope="session")
def start(binary):
    """Starts a server with more options, for a `with` statement."""
    return lambda *options, **more: harness.Server(binary, *options, **more)


@pytest.fixture(scope="session")
def servers(start):
    """The server of all tests that leave it as it was; there are more if one ends."""
    found = []
    yield found
    for server in found:
        server.__exit__()
        assert "And so my fellow Americans" not in server.written, "the log holds what was said"


@pytest.fixture
def server(servers, start):
    if not servers or not servers[-1].running:
        servers.append(start())
    yield servers[-1]
    assert servers[-1].running, f"the server ended: {servers[-1].end}"


@pytest.fixture
def http(server):
    with httpx.Client(base_url=server.url, timeout=120) as client:
        yield client


@pytest.fixture
def client(server):
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=120) as found:
        yield found
