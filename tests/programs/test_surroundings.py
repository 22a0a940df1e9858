"""What a compose file says of programs: users, hosts, packages, standard input, a broker that starts late."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

import mqsim as mq
from mqsim.api.magic import program
from mqsim.cli.main import main
from mqsim.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from mqsim.guest.carriers.carrier import CarrierFactory

CONNECT = """
import pika
parameters = pika.ConnectionParameters({how})
connection = pika.BlockingConnection(parameters)
print("connected")
connection.close()
"""


HASHING = "rabbit_password_hashing_"


def printed(source: str, **options: Any) -> list[str]:
    return [line.text for line in mq.run_programs({"p": program("p", source)}, **options).lines]


def hashed(password: str, algorithm: str = "sha256") -> str:
    salt = b"\x01\x02\x03\x04"
    return base64.b64encode(salt + hashlib.new(algorithm, salt + password.encode()).digest()).decode()


@pytest.fixture
def definitions(tmp_path: Path) -> Path:
    path = tmp_path / "definitions.json"
    users = [
        {
            "name": "anna",
            "password_hash": hashed("secret"),
            "hashing_algorithm": "rabbit_password_hashing_sha256",
        },
        {
            "name": "bob",
            "password_hash": hashed("s3", "sha512"),
            "hashing_algorithm": "rabbit_password_hashing_sha512",
        },
        {"name": "carl", "password": "plain"},
    ]
    queues = [{"name": "jobs", "vhost": "shop", "durable": True}]
    path.write_text(json.dumps({"users": users, "vhosts": [{"name": "shop"}], "queues": queues}))
    return path


@pytest.mark.parametrize(
    ("user", "password", "vhost", "gets_in"),
    [
        ("anna", "secret", "shop", True),
        ("bob", "s3", "shop", True),
        ("carl", "plain", "shop", True),
        ("anna", "wrong", "shop", False),
        ("guest", "guest", "shop", False),
        ("anna", "secret", "/", False),
    ],
)
def test_users_and_virtual_hosts(
    user: str, password: str, vhost: str, gets_in: bool, definitions: Path, carry: CarrierFactory
) -> None:
    credentials = f"pika.PlainCredentials({user!r}, {password!r})"
    how = f"'rabbitmq', virtual_host={vhost!r}, credentials={credentials}"
    found = printed(CONNECT.format(how=how), definitions=definitions, carry=carry)
    assert (found[0] == "connected") is gets_in
    if not gets_in:
        assert any("ProbableAuthenticationError" in text or "vhost / not found" in text for text in found)


def test_a_virtual_host_of_the_file_that_is_not_simulated_is_named(
    tmp_path: Path, carry: CarrierFactory
) -> None:
    """RabbitMQ's answer is 530 for a name that it does not know; the transcript says what this one is."""
    path = tmp_path / "two.json"
    queues = [
        {"name": "jobs", "vhost": "/", "durable": True},
        {"name": "jobs", "vhost": "shop", "durable": True},
    ]
    path.write_text(json.dumps({"vhosts": [{"name": "/"}, {"name": "shop"}], "queues": queues}))
    for vhost, named in (("shop", 1), ("nowhere", 0)):
        found = printed(
            CONNECT.format(how=f"'rabbitmq', virtual_host={vhost!r}"), definitions=path, carry=carry
        )
        assert any(f"NOT_ALLOWED - vhost {vhost} not found" in text for text in found)
        assert (
            sum("only one virtual host of a definitions file is simulated" in text for text in found) == named
        )


def test_without_definitions_guest_alone_may_log_in() -> None:
    credentials = "pika.PlainCredentials('anna', 'secret')"
    assert printed(CONNECT.format(how="'rabbitmq'"))[0] == "connected"
    assert printed(CONNECT.format(how=f"'rabbitmq', credentials={credentials}"))[0] != "connected"


def test_further_names_and_ports_of_the_broker(carry: CarrierFactory) -> None:
    hosts = {"message-bus": 5673}
    assert printed(CONNECT.format(how="'message-bus', 5673"), hosts=hosts, carry=carry)[0] == "connected"
    assert printed(CONNECT.format(how="'localhost'"), hosts=hosts, carry=carry)[0] == "connected"
    assert any(
        "AMQPConnectionError" in each
        for each in printed(CONNECT.format(how="'message-bus', 5674"), hosts=hosts)
    )
    assert any("gaierror" in each for each in printed(CONNECT.format(how="'message-bus'")))


def test_standard_input(tmp_path: Path, carry: CarrierFactory) -> None:
    path = tmp_path / "words"
    path.write_text("one\ntwo\n")
    source = "import sys\nprint(input('? '))\nprint(sys.stdin.read().strip())\ninput()"
    found = printed(source, stdin={"p": path}, carry=carry)
    assert found[:2] == ["? one", "two"]
    assert any("EOFError: input() has nobody to ask" in each for each in found)


def test_a_package_run_as_a_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").write_text("NAME = 'the shop'\n")
    (package / "words.py").write_text("from . import NAME\nHELLO = f'hello from {NAME}'\n")
    (package / "__main__.py").write_text(
        "import sys\nfrom .words import HELLO\nimport shop\nprint(HELLO, sys.argv[1:])\n"
    )
    (package / "tool.py").write_text("from shop import NAME\nprint('tool of', NAME, __name__)\n")
    monkeypatch.chdir(tmp_path)
    assert main(["exec", "p=-m shop", "--args", "p=a b"]) == 0
    assert "p-1         hello from the shop ['a', 'b']" in capsys.readouterr().out
    assert main(["exec", "p=-m shop.tool"]) == 0
    assert "tool of the shop __main__" in capsys.readouterr().out
    with pytest.raises(UsageError, match="there is no such module in this folder"):
        mq.run_programs({"p": "-m nothing"})


WAITING = """
import time
import pika
while True:
    try:
        connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
        break
    except pika.exceptions.AMQPConnectionError:
        print("not yet")
        time.sleep(2)
print("connected")
connection.close()
"""


def test_a_broker_that_starts_late(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "p.py"
    file.write_text(WAITING)
    assert main(["exec", f"p={file}", "--start", "broker@5"]) == 0
    found = [line.split("p-1")[1].strip() for line in capsys.readouterr().out.splitlines() if "p-1" in line]
    assert found == ["not yet"] * 3 + ["connected", "* exits with status 0"]


@pytest.mark.parametrize(("options", "back"), [([], "8.000000"), (["--down", "2"], "5.000000")])
def test_a_restarted_broker_is_away_for_a_while(
    options: list[str], back: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "p.py"
    file.write_text("import time\ntime.sleep(20)\n")
    assert main(["exec", f"p={file}", "--restart", "broker@3", *options]) == 0
    assert f"    {back}  broker      * is up again" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--stdin", "nowhere"], "--stdin nowhere: there is no file nowhere; write FILE, or NAME=FILE."),
        (["--host", "a:b"], "--host a:b: write NAME or NAME:PORT, as in --host mq:5673."),
        (["--term", "p"], "--term p: write NAME@SECONDS, as in --term worker@3."),
    ],
)
def test_what_is_wrong_with_an_option(
    options: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "p.py"
    file.write_text("")
    assert main(["exec", f"p={file}", *options]) == 2
    assert says in " ".join(capsys.readouterr().err.split())


def test_cores_and_pools_of_threads(carry: CarrierFactory) -> None:
    source = """
import time
from multiprocessing import cpu_count
from multiprocessing.pool import ThreadPool
began = time.time()
with ThreadPool(2) as pool:
    print(pool.map(lambda n: time.sleep(1) or n * n, range(4)))
print(cpu_count() > 0, round(time.time() - began, 3))
"""
    assert printed(source, carry=carry)[:2] == ["[0, 1, 4, 9]", "True 2.0"]
