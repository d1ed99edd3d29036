"""Reads what pip prints: how far it has come, and why it stopped."""

import re
import shutil
import sys

# The first pattern found decides, so causes stand before what follows from them:
# without a network, pip also says that it finds no matching distribution.
FAILURES = [
    (
        r"No space left|Errno 28|not enough space on the disk|Disk quota exceeded",
        "The disk became full. Make room (the set-up needs 4 GB), then run the same "
        "command again.",
    ),
    (
        r"DO NOT MATCH THE HASHES|HashMismatch",
        "A download arrived damaged: its checksum is not the one in requirements.txt. "
        "Run the same command again; if it happens twice, try another network.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError|SSLCertVerificationError",
        "The download server's certificate was not accepted. Check this computer's "
        "clock; on a school's or firm's network, ask which certificate pip must use "
        "(PIP_CERT), then run the same command again.",
    ),
    (
        r"ProxyError|Tunnel connection failed|407 Proxy",
        "The network's proxy refused the download. Check the proxy settings "
        "(HTTPS_PROXY), then run the same command again.",
    ),
    (
        r"NewConnectionError|Failed to establish|name resolution|getaddrinfo"
        r"|Name or service not known|Connection(Reset|Aborted|Refused)?Error"
        r"|Connection (refused|reset|broken|aborted)|IncompleteRead|[Tt]imed? ?out"
        r"|Max retries exceeded|Network is unreachable|RemoteDisconnected"
        r"|50[0-9] Server Error",
        "The download broke off or never began. Check the network connection, then "
        "run the same command again.",
    ),
    (
        r"Long Path|path too long|File name too long",
        "The path of this folder is too long for the system. Move the course to a "
        "short one, such as C:\\course, then run the same command again.",
    ),
    (
        r"No matching distribution found for (?P<name>[^\s=]+)",
        "There is no build of {name} for this computer and this Python. The course "
        "runs on Linux and Windows with an Intel or AMD processor and on Macs with an "
        "Apple chip; on others use its Binder link.",
    ),
    (
        r"Permission denied|Errno 13|Access is denied|WinError 5",
        "pip was not allowed to write. Close what uses .venv (JupyterLab, an editor), "
        "check that the folder is yours, then run the same command again.",
    ),
]

# pip begins with a package: from an index, or from a mirror that is a folder.
STARTED = re.compile(
    r"Collecting (?P<name>[\w.-]+)==(?P<version>\S+)"
    r"|Processing (?:.*[/\\])?(?P<wheel>[\w.]+)-(?P<release>[^-/\\]+)-[^/\\]*\.whl\b"
)


def why_pip_failed(text: str) -> str:
    """Return what went wrong, and what to do, from all that pip printed.

    Example:
        >>> why_pip_failed("ERROR: [Errno 28] No space left on device")[:22]
        'The disk became full. '
    """
    for pattern, sentence in FAILURES:
        found = re.search(pattern, text)
        if found:
            return sentence.format(**found.groupdict())
    errors = [line for line in text.splitlines() if line.startswith("ERROR: ")]
    last = f" ({errors[-1][7:]})" if errors else ""
    return f"pip stopped with an error{last}. Run the same command again."


def locked_names(requirements: str) -> set[str]:
    r"""Return the names of the packages that a requirements file pins.

    Example:
        >>> sorted(locked_names("a==1 --hash=x\nB_c==2 ; os_name == 'nt'"))
        ['a', 'b-c']
    """
    names = re.findall(r"^([A-Za-z0-9][\w.-]*)==", requirements, re.MULTILINE)
    return {same_name(name) for name in names}


def same_name(name: str) -> str:
    """Return a package's name in the one spelling by which names are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


class Progress:
    """Turns pip's output into one short line for each package.

    On a terminal the line is rewritten in place; in a file, one for each tenth stands.
    """

    def __init__(self, requirements: str) -> None:
        """Count the packages that are expected."""
        self.terminal = sys.stderr.isatty()
        self.waiting = locked_names(requirements)
        self.total = len(self.waiting)
        self.seen: set[str] = set()
        self.line = ""
        self.retried = False

    def read(self, line: str) -> None:
        """Take one line of pip's output."""
        if found := re.match(r"Ignoring (\S+): markers", line):
            self.waiting.discard(same_name(found[1]))
            self.total = len(self.seen | self.waiting)  # not for this computer
        elif found := STARTED.match(line):
            name = same_name(found["name"] or found["wheel"])
            version = found["version"] or found["release"]
            if name in self.waiting:
                self.waiting.discard(name)
                self.seen.add(name)
                count = len(self.seen)
                self.line = f"[{count:3d}/{self.total}] {name} {version}"
                tenth = count % max(1, self.total // 10) == 0
                self._show(self.line, self.terminal or tenth)
        elif found := re.match(r"\s+Downloading .* \((\d{2,}(?:\.\d+)? MB)\)", line):
            self._show(f"{self.line}, {found[1]}", self.terminal)
        elif line.startswith("Installing collected packages"):
            self._show(
                f"Unpacking {len(self.seen)} packages; this takes about a minute ...",
                True,
            )
        elif "Retrying (Retry(" in line and not self.retried:
            self.retried = True
            self._show("The network does not answer; trying again ...", True)

    def end(self) -> None:
        """Leave the line that was being rewritten."""
        if self.terminal:
            print(file=sys.stderr, flush=True)

    def _show(self, text: str, wanted: bool) -> None:
        if not wanted:
            return
        if self.terminal:
            width = shutil.get_terminal_size().columns - 1
            text = "\r" + text[:width].ljust(width)
        print(text, end="" if self.terminal else "\n", file=sys.stderr, flush=True)
