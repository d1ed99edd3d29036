"""A JupyterLab of its own: on this computer's own address, on copies of the lessons."""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

from tools.commands import QUIET_LAB
from tools.files import ROOT, CourseError

SETTINGS = {  # each cell is on the page, not only those in sight
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}
START_SECONDS = 90


class Lab:
    """JupyterLab on this computer's own address, on copies of the lessons.

    Its settings, runtime files and folder are temporary: nothing of the user's is
    read or written.
    """

    def __init__(self, root: Path = ROOT) -> None:
        """Name what is copied; nothing is started yet."""
        self.root = root
        self.token = secrets.token_hex(16)
        self.address = ""

    def __enter__(self) -> "Lab":
        self.kept = contextlib.ExitStack()
        try:
            self.place = Path(self.kept.enter_context(tempfile.TemporaryDirectory()))
            shutil.copytree(self.root / "notebooks", self.place / "lessons")
            self._write_settings()
            self._start()
            self._await()
        except BaseException:
            self.kept.close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.kept.close()

    def page(self, notebook: str) -> str:
        """Return the address under which a notebook opens, in a fresh workspace."""
        workspace = secrets.token_hex(4)
        path = f"/lab/workspaces/{workspace}/tree/{quote(notebook)}"
        return f"{self.address}{path}?token={self.token}"

    def cells(self, notebook: str) -> int:
        """Return how many code cells a notebook has that are not empty."""
        cells = json.loads((self.place / "lessons" / notebook).read_bytes())["cells"]
        return sum(c["cell_type"] == "code" and bool(c["source"]) for c in cells)

    def kernel_is_ready(self) -> bool:
        """Tell whether a page is connected with a kernel that waits for work."""
        kernels = [
            session["kernel"] for session in json.loads(self.ask("/api/sessions"))
        ]
        return any(k["connections"] and k["execution_state"] == "idle" for k in kernels)

    def end_kernels(self) -> None:
        """End every kernel, so that the next notebook has the memory to itself."""
        for session in json.loads(self.ask("/api/sessions")):
            self.ask(f"/api/sessions/{session['id']}", "DELETE")

    def ask(self, path: str, method: str = "GET") -> bytes:
        """Return the server's answer."""
        head = {"Authorization": f"token {self.token}"}
        asked = urllib.request.Request(self.address + path, None, head, method=method)
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return answer.read()

    def _write_settings(self) -> None:
        for name, settings in SETTINGS.items():
            path = self.place / "settings" / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(settings), "utf-8")

    def _start(self) -> None:
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        variables = os.environ | {
            "JUPYTER_CONFIG_DIR": str(self.place / "config"),
            "JUPYTER_DATA_DIR": str(self.place / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.place / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(self.place / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(self.place / "workspaces"),
            "IPYTHONDIR": str(self.place / "ipython"),
        }
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        command += ["--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
        command += [f"--IdentityProvider.token={self.token}", *QUIET_LAB]
        command += [f"--ServerApp.root_dir={self.place / 'lessons'}"]
        with open(self.place / "log", "w", encoding="utf-8") as log:
            self.server = subprocess.Popen(
                command, env=variables, stdout=log, stderr=subprocess.STDOUT
            )
        self.kept.callback(self._stop)

    def _stop(self) -> None:
        """End the server, which ends its kernels; after 20 s without asking."""
        self.server.terminate()
        try:
            self.server.wait(20)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()

    def _await(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.server.poll() is None:
            with contextlib.suppress(urllib.error.URLError, OSError):
                self.ask("/api/sessions")
                return
            time.sleep(0.2)
        said = (self.place / "log").read_text("utf-8")[-800:]
        raise CourseError(f"JupyterLab did not start within {START_SECONDS} s:\n{said}")


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
