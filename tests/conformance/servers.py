"""A real RabbitMQ on loopback, started and ended by the caller.

Version 3.10 is Debian bookworm's own package (`apt-get install rabbitmq-server`); 4.0 and 4.3 live in
debootstrap chroots of the suites trixie and sid, which `chroots.py` makes. Each server has a node name,
ports, a cookie, a data folder and an epmd of its own, so that several run side by side beside whatever the
machine runs already. Everything listens on loopback alone.

Debian's package starts a service that listens on every address: forbid that before installing it with a
`/usr/sbin/policy-rc.d` that exits 101. In a chroot `chroots.py` writes that file itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.outside import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

SUITES: Final[Mapping[str, str]] = {"3.10": "bookworm", "4.0": "trixie", "4.3": "sid"}
"""Which of Debian's suites carries which generation of RabbitMQ (seen in November 2026)."""

INSTALL_HINT: Final = (
    "no real RabbitMQ here: forbid services (a /usr/sbin/policy-rc.d that exits 101), "
    "then apt-get install rabbitmq-server"
)

_SCRIPTS: Final = "usr/lib/rabbitmq/bin"
LOOPBACK: Final = "127.0.0.1"
_DIST: Final = "-kernel inet_dist_use_interface {127,0,0,1}"


class ServerError(RuntimeError):
    """A real RabbitMQ could not be installed, started or asked."""


class WrongVersionError(ServerError):
    """The RabbitMQ that is installed is another generation than the one asked for."""


class RealBroker:
    """One real RabbitMQ server on 127.0.0.1, with everything of its own and nothing left behind.

    Use it as a context manager or call `start()` and `stop()`. Root is needed for a chroot; without a
    chroot any user may run it (root steps down to the user `rabbitmq`).

    Args:
        version: the generation that is expected, such as `3.10`; the server's own answer must begin so.
        chroot: the root of a Debian tree that has rabbitmq-server installed; None is this machine's own.
        settings: further settings of the application rabbit, by their names in advanced.config, in Erlang.
        management: whether its management plugin is on.
        stomp: whether its STOMP plugin is on.

    Attributes:
        management_port: where HTTP is spoken on 127.0.0.1, once started with that plugin.
        stomp_port: where STOMP is, once started with that plugin.
        port: where AMQP is spoken on 127.0.0.1, once started. It stays the same over `restart`.
        vhosts: the virtual hosts that were added; forgotten when the server stops.
    """

    def __init__(
        self,
        version: str = "3.10",
        chroot: Path | None = None,
        settings: Mapping[str, str] | None = None,
        *,
        management: bool = False,
        stomp: bool = False,
    ) -> None:
        self.version = version
        self.management = management
        self.stomp = stomp
        self.management_port = self.stomp_port = 0
        self.root = Path(chroot).resolve() if chroot is not None else Path("/")
        self.settings = dict(settings or {})
        self.port = 0
        self.full_version = ""
        self.vhosts: list[str] = []
        self._folder: Path | None = None
        self._env: dict[str, str] = {}
        self._server: subprocess.Popen[bytes] | None = None
        self._epmd: subprocess.Popen[bytes] | None = None

    @staticmethod
    def available(chroot: Path | None = None) -> bool:
        """Tell whether rabbitmq-server is installed on this machine or in that tree."""
        return ((chroot or Path("/")) / _SCRIPTS / "rabbitmq-server").exists()

    @property
    def running(self) -> bool:
        """Whether the server's process lives."""
        return self._server is not None and self._server.poll() is None

    def __enter__(self) -> RealBroker:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start an empty server and return when it takes connections.

        Raises:
            ServerError: when it is not installed, is another version, or does not come up in a minute.
        """
        if self._folder is not None:
            raise ServerError("this server was started already")
        if not self.available(self.root):
            raise ServerError(f"{INSTALL_HINT}; looked below {self.root}")
        try:
            self._prepare()
            self._start_epmd()
            self._boot()
            self.full_version = self.ctl("version").strip().splitlines()[-1]
            if not self.full_version.startswith(self.version):
                raise WrongVersionError(f"asked for RabbitMQ {self.version}, found {self.full_version}")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server and its epmd, and remove its data. Calling it again does nothing."""
        if self.running:
            self.halt(clean=False)
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd.wait()
            self._epmd = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
        self.vhosts.clear()

    def halt(self, *, clean: bool = True) -> None:
        """End the server but keep its data: an orderly stop, or SIGKILL as in a crash of the process."""
        if self._server is None:
            return
        if clean:
            self.ctl("stop")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._server.wait(60)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._server.pid, signal.SIGKILL)
        self._server.wait()
        self._server = None
        # The process we wait for is a shell; the virtual machine below it lets go of its port a moment later.
        _await_silence(self.port, PATIENCE)

    def restart(self, *, clean: bool = True) -> None:
        """End the server (see `halt`) and start it again on the same port and data."""
        self.halt(clean=clean)
        self._boot()

    def ctl(self, *arguments: str, timeout: float = PATIENCE) -> str:
        """Run rabbitmqctl against this server and return what it prints.

        Raises:
            ServerError: when rabbitmqctl fails; its own words are in the message.
        """
        try:
            done = subprocess.run(
                self._command(f"/{_SCRIPTS}/rabbitmqctl", *arguments),
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ServerError(f"rabbitmqctl {arguments[0]} gave no answer in {timeout:g} s") from None
        if done.returncode:
            raise ServerError(f"rabbitmqctl {arguments[0]}: {(done.stdout + done.stderr).strip()[-600:]}")
        return done.stdout

    def drop_vhosts(self, names: Iterable[str]) -> None:
        """Delete those of these virtual hosts that were added, with all that is in them."""
        for name in [name for name in names if name in self.vhosts]:
            self.ctl("delete_vhost", name)
            self.vhosts.remove(name)

    def add_vhosts(self, names: Iterable[str]) -> None:
        """Add empty virtual hosts that the user guest may use, all in one call."""
        fresh = [name for name in names if name not in self.vhosts]
        if not fresh:
            return
        grant = {"user": "guest", "configure": ".*", "write": ".*", "read": ".*"}
        definitions = {
            "vhosts": [{"name": name} for name in fresh],
            "permissions": [{"vhost": name, **grant} for name in fresh],
        }
        assert self._folder is not None
        path = self._folder / "definitions.json"
        path.write_text(json.dumps(definitions))
        path.chmod(0o644)
        self.ctl("import_definitions", self._inside(path))
        self.vhosts += fresh

    # -- the machinery

    def _inside(self, path: Path) -> str:
        return "/" + str(path.relative_to(self.root))

    def _command(self, *command: str) -> list[str]:
        """Dress a command: clean environment, the user rabbitmq, the chroot with a /proc of its own."""
        line = ["env", "-i", *(f"{key}={value}" for key, value in self._env.items()), *command]
        if self.root != Path("/"):
            inner = ["chroot", "--userspec=rabbitmq:rabbitmq", str(self.root), *line]
            mount = 'mount -t proc proc "$0/proc" && exec "$@"'
            return [
                "unshare",
                "--mount",
                "--propagation",
                "private",
                "sh",
                "-c",
                mount,
                str(self.root),
                *inner,
            ]
        if os.geteuid() == 0:
            drop = ["--reuid=rabbitmq", "--regid=rabbitmq", "--init-groups"]
            return ["setpriv", *drop, *line]
        return line

    def _prepare(self) -> None:
        below = self.root / "tmp"
        self._folder = Path(tempfile.mkdtemp(prefix="mqsim-rabbitmq-", dir=below)).resolve()
        self.port, dist, epmd, self.management_port, self.stomp_port = free_ports(5)
        config = {
            "listeners.tcp.local": f"{LOOPBACK}:{self.port}",
            "log.console": "false",
            "disk_free_limit.absolute": "50MB",
        }
        if self.management:
            config["management.tcp.ip"] = LOOPBACK
            config["management.tcp.port"] = str(self.management_port)
        if self.stomp:
            config["stomp.listeners.tcp.1"] = f"{LOOPBACK}:{self.stomp_port}"
        (self._folder / "rabbitmq.conf").write_text("".join(f"{k} = {v}\n" for k, v in config.items()))
        advanced = ", ".join(f"{{{name}, {value}}}" for name, value in self.settings.items())
        (self._folder / "advanced.config").write_text(f"[{{rabbit, [{advanced}]}}].\n")
        plugins = {"rabbitmq_management": self.management, "rabbitmq_stomp": self.stomp}
        enabled = ",".join(name for name, on in plugins.items() if on)
        (self._folder / "enabled_plugins").write_text(f"[{enabled}].\n")
        cookie = self._folder / ".erlang.cookie"
        cookie.write_text(f"MQSIM{os.urandom(12).hex().upper()}")
        cookie.chmod(0o400)
        inside = self._inside(self._folder)
        self._env = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": inside,
            "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": f"mqsim{self.port}@localhost",
            "RABBITMQ_CONFIG_FILE": f"{inside}/rabbitmq.conf",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{inside}/advanced.config",
            "RABBITMQ_CONF_ENV_FILE": f"{inside}/none.conf",
            "RABBITMQ_MNESIA_BASE": f"{inside}/data",
            "RABBITMQ_LOG_BASE": f"{inside}/log",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{inside}/enabled_plugins",
            "RABBITMQ_PID_FILE": f"{inside}/pid",
            "RABBITMQ_DIST_PORT": str(dist),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _DIST,
            "RABBITMQ_CTL_ERL_ARGS": _DIST,
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_EPMD_PORT": str(epmd),
        }
        if os.geteuid() == 0:
            user, group = self._owner()
            for path in (self._folder, *self._folder.iterdir()):
                os.chown(path, user, group)

    def _owner(self) -> tuple[int, int]:
        """The numbers of the user rabbitmq, by the tree's own passwd file."""
        if self.root == Path("/"):
            entry = pwd.getpwnam("rabbitmq")
            return entry.pw_uid, entry.pw_gid
        for line in (self.root / "etc/passwd").read_text().splitlines():
            fields = line.split(":")
            if fields[0] == "rabbitmq":
                return int(fields[2]), int(fields[3])
        raise ServerError(f"no user rabbitmq below {self.root}")

    def _start_epmd(self) -> None:
        """Start epmd ourselves, or the server would leave a daemon behind that nobody owns."""
        command = self._command("epmd", "-port", self._env["ERL_EPMD_PORT"], "-address", LOOPBACK)
        self._epmd = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _await_port(int(self._env["ERL_EPMD_PORT"]), PATIENCE)

    def _boot(self) -> None:
        assert self._folder is not None
        with (self._folder / "console").open("ab") as console:
            self._server = subprocess.Popen(
                self._command(f"/{_SCRIPTS}/rabbitmq-server"),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
                cwd=self.root,
            )
        try:
            _await_port(self.port, PATIENCE, self._server)
            self.ctl("await_startup")
        except (ServerError, TimeoutError) as error:
            said = (self._folder / "console").read_text(errors="replace")[-800:]
            raise ServerError(f"RabbitMQ {self.version} did not come up: {error} {said}") from error


def free_ports(count: int) -> list[int]:
    """Return that many ports of 127.0.0.1 that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _await_port(port: int, seconds: float, process: subprocess.Popen[bytes] | None = None) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
            return
        if process is not None and process.poll() is not None:
            raise ServerError(f"it ended with status {process.returncode}")
        time.sleep(0.1)
    raise TimeoutError(f"nothing listens on port {port} after {seconds:g} s")


def _await_silence(port: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
        except OSError:
            return
        time.sleep(0.05)
    raise TimeoutError(f"something still listens on port {port} after {seconds:g} s")
