"""Fixtures: the server under test, clients for it, the command line's transcripts."""
import contextlib

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
def shared_server(start):
    """One server for all tests that leave it as it was."""
    with start() as server:
        yield server
    assert "And so my fellow Americans" not in server.written, "the log holds what was said"


@pytest.fixture
def server(shared_server):
    yield shared_server
    assert shared_server.running, f"the server ended: {shared_server.written[-3000:]}"


@pytest.fixture
def http(server):
    with httpx.Client(base_url=server.url, timeout=120) as client:
        yield client


@pytest.fixture
def client(server):
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=120) as found:
        yield found


@pytest.fixture
def in_parallel():
    """Runs things in the background, for a `with` statement's time."""
    with contextlib.ExitStack() as stack:
        yield stack
