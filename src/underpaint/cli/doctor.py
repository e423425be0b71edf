"""`underpaint doctor`: is everything here that painting needs, and nothing that breaks it?"""

import importlib.util
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata

import typer

from underpaint.cli.output import console, print_json, print_table

HEADLESS = "opencv-python-headless"
OPENCV = ("opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless")


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `state` is fine, note or trouble; `way_out` is empty unless there is something to do."""

    what: str
    found: str
    state: str = "fine"
    way_out: str = ""


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("doctor", epilog="Example: underpaint doctor --json")(doctor)


def doctor(as_json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """Look at this machine and this installation, and say what to mend. Exit code 1 when something must be."""
    findings = [*_installation(), *_machine(), *_models()]
    if as_json:
        print_json({"findings": [asdict(finding) for finding in findings]})
    else:
        rows = [[finding.what, finding.found, finding.state, finding.way_out] for finding in findings]
        print_table(["", "found", "", "way out"], rows)
    troubled = [finding for finding in findings if finding.state == "trouble"]
    if not as_json:
        console().print(f"\n{len(troubled)} to mend." if troubled else "\nAll well.")
    if troubled:
        raise typer.Exit(1)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _installation() -> Iterator[Finding]:
    yield Finding("Python", platform.python_version())
    for name in ("torch", "diffusers", "transformers"):
        found = _version(name)
        state, way_out = ("fine", "") if found else ("trouble", "pip install underpaint")
        yield Finding(name, found or "missing", state, way_out)
    vision = _version("torchvision")
    if vision is None:
        yield Finding("torchvision", "not installed, as it should be")
    else:
        beside_cpu = "+cpu" in (_version("torch") or "") or not importlib.util.find_spec("torchvision")
        yield Finding("torchvision", vision, "trouble" if beside_cpu else "note",
                      "pip uninstall torchvision: beside a CPU torch it breaks loading models")
    doubled = [name for name in OPENCV if _version(name)]
    headless = _version(HEADLESS)
    fine = headless is not None and not doubled
    mend = f"pip uninstall {' '.join(doubled)}; " if doubled else ""
    yield Finding("OpenCV", ", ".join([*([HEADLESS] if headless else ["missing"]), *doubled]),
                  "fine" if fine else "trouble", "" if fine else f"{mend}pip install --force-reinstall {HEADLESS}")
    yield from _finishing()


def _finishing() -> Iterator[Finding]:
    """What finishing can use if it is there; nothing of it is needed."""
    from underpaint.finish import knn, networks, subject_net

    for what, package, there, install in (
            ("upscaling networks", "spandrel", networks.is_installed(), networks.INSTALL),
            ("subject networks", "onnxruntime", subject_net.is_installed(), subject_net.INSTALL),
            ("KNN matting", "pymatting", knn.is_installed(), knn.INSTALL)):
        found = f"{package} {_version(package) or ''}".strip() if there else f"{package} is not installed"
        yield Finding(what, found, "fine" if there else "note", "" if there else f"if you want it: {install}")


def _machine() -> Iterator[Finding]:
    try:
        from underpaint.engine.machine import choose_machine, use_threads

        use_threads()
    except (ImportError, OSError, RuntimeError) as error:
        yield Finding("torch", f"cannot be loaded: {str(error).splitlines()[0]:.100}", "trouble",
                      'pip install --force-reinstall "torch<=2.13.0"')
        return
    large = choose_machine(10**9)
    yield Finding("device", str(large.device))
    precision = str(large.dtype).removeprefix("torch.")
    yield Finding("precision for large models", f"{precision}, {large.threads} threads: {large.because}")
    yield Finding("platform", f"{platform.system()} {platform.machine()}, {sys.maxsize.bit_length() + 1} bit")


def _models() -> Iterator[Finding]:
    from underpaint.errors import UnderpaintError
    from underpaint.models import Catalogue

    try:
        primer = Catalogue().find("primer")
        yield Finding("built-in model", f"{primer.name}, {primer.file_bytes / 1e6:.1f} MB")
    except UnderpaintError as error:
        yield Finding("built-in model", "missing", "trouble", str(error))
