"""Loading models."""

import pytest

import swiftlet
from conftest import JFK


def test_steps(tmp_path):
    steps = []
    model = swiftlet.load("tiny.en", progress=steps.append)
    assert model.name == "tiny.en" and "tiny.en" in repr(model)
    assert all(step.stage in ("fetching", "building") for step in steps)


@pytest.mark.parametrize("precision", ["int8", "fp32", {"encoder": "fp32"}, {"decoder": "bf16"}])
def test_precisions(precision):
    with swiftlet.load("tiny.en", precision=precision) as model:
        assert "fellow Americans" in model.transcribe(str(JFK)).text


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"model": "huge"}, swiftlet.ModelNotFoundError, "huge"),
        ({"model": "/nonexistent/model.pt"}, swiftlet.ModelNotFoundError, "nonexistent"),
        ({"precision": "int3"}, swiftlet.InvalidOptionsError, "int3"),
        ({"device": "tpu"}, swiftlet.InvalidOptionsError, "tpu"),
        ({"device": "cuda:99"}, swiftlet.SwiftletError, "GPU|driver"),
        ({"precision": {"middle": "int8"}}, swiftlet.InvalidOptionsError, "middle"),
        ({"threads": 0}, swiftlet.InvalidOptionsError, "thread"),
        ({"concurrency": 1000}, swiftlet.InvalidOptionsError, "1000"),
        ({"progress": 3}, swiftlet.InvalidArgumentError, "progress"),
    ],
    ids=str,
)
def test_what_is_refused(arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        swiftlet.load(**arguments)


def test_a_file_that_is_no_model(tmp_path):
    (tmp_path / "model.pt").write_bytes(b"no model")
    with pytest.raises(swiftlet.UnusableModelError):
        swiftlet.load(tmp_path / "model.pt")


def test_offline(tmp_path):
    with pytest.raises(swiftlet.ModelNotFetchedError):
        swiftlet.load("tiny.en", cache=tmp_path, offline=True)


def test_errors_are_of_one_family():
    assert issubclass(swiftlet.InvalidOptionsError, ValueError)
    assert issubclass(swiftlet.ExistingFileError, FileExistsError)
    for name in swiftlet.__all__:
        if name.endswith("Error"):
            assert issubclass(getattr(swiftlet, name), swiftlet.SwiftletError)


def test_every_status_of_the_header_has_its_class():
    from conftest import ROOT
    from swiftlet import _errors

    header = ROOT / "Sources/CSwiftlet/include/swiftlet.h"
    if not header.exists():
        pytest.skip("the header is not here")
    import re

    numbers = {name.lower(): int(value) for name, value in re.findall(r"^    SWIFTLET_(\w+) = (\d+)", header.read_text(), re.M)}
    for name, value in numbers.items():
        if value:
            assert _errors.of_status(value, "x").code == name
    assert type(_errors.of_status(99, "x")) is swiftlet.OtherError


def test_certificates_where_debian_has_none(monkeypatch):
    import os
    import ssl

    from swiftlet import _model

    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        # Set first, so that it is as before afterwards.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    exists = set()
    monkeypatch.setattr(_model.os.path, "exists", lambda path: path in exists)
    exists.add("/etc/ssl/certs/ca-certificates.crt")
    _model._set_certificates()
    # libcurl finds those itself.
    assert "SSL_CERT_FILE" not in os.environ
    exists.clear()
    exists.add("/etc/pki/tls/certs/ca-bundle.crt")
    _model._set_certificates()
    assert os.environ["SSL_CERT_FILE"] == "/etc/pki/tls/certs/ca-bundle.crt"
    # What the user says stays.
    exists.clear()
    exists.add("/etc/ssl/cert.pem")
    _model._set_certificates()
    assert os.environ["SSL_CERT_FILE"] == "/etc/pki/tls/certs/ca-bundle.crt"
    monkeypatch.delenv("SSL_CERT_FILE")
    exists.clear()
    none = ssl.DefaultVerifyPaths(None, None, "SSL_CERT_FILE", "", "SSL_CERT_DIR", "")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: none)
    _model._set_certificates()
    assert os.environ["SSL_CERT_FILE"].endswith("cacert.pem")
