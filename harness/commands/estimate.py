"""`frontrunner estimate`: parameters and memory of a method on a suite, before anything runs."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .console import PluginOption, busy, open_console
from .further_options import show_options

if TYPE_CHECKING:
    from ...methods import Learner
    from ..estimating.estimate import Estimate
    from ..estimating.measured_fit import MeasuredFit


MeasureOption = Annotated[
    bool, typer.Option("--measure", help="Also prepare the suite, run a few steps on the device, and forecast.")
]
FormatOption = Annotated[Literal["table", "md", "json"], typer.Option("--format", help="The format to print in.")]
_PARAMETER = "output"
"""The parameter of the command that these options become."""


@dataclass(frozen=True)
class OutputOptions:
    """What was given for `--measure` and `--format`."""

    measure: bool
    format_: str


def _with_output_options(command: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(command)
    def wrapped(*, measure: bool = False, format_: str = "table", **given: Any) -> None:
        command(**given, **{_PARAMETER: OutputOptions(measure, format_)})

    options = (("measure", False, MeasureOption), ("format_", "table", FormatOption))
    show_options(wrapped, command, _PARAMETER, options)
    return wrapped


@_with_output_options
def estimate(
    method: Annotated[str, typer.Argument(help="The method; `frontrunner list` shows all.")],
    suite: Annotated[str, typer.Argument(help="The suite, or a suite file of your own (.yaml).")],
    tasks: Annotated[str | None, typer.Option(help="Tasks of the suite, comma-separated; all when absent.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="An option of the method as key=value, see `frontrunner list METHOD`; repeatable."),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Examples per task and step; what the suite recommends when absent.")
    ] = None,
    device: Annotated[
        str,
        typer.Option(
            help="What memory is counted for, cpu or cuda; a GPU need not be there. auto: cuda where there is one."
        ),
    ] = "auto",
    plugin: PluginOption = None,
    *,
    output: OutputOptions,
) -> None:
    """Estimate the parameters of a method on a suite and the memory of a training step, in seconds, without weights."""
    from ..cells.plugins import load_plugins
    from ..cells.suite_files import suite_name
    from .estimate_shown import Shown
    from .key_values import read_pairs

    load_plugins(plugin or [])
    options = read_pairs("--set", set_ or [])
    chosen = None if tasks is None else [name.strip() for name in tasks.split(",")]
    from ..estimating.estimate import estimate as estimated
    from ..estimating.estimate import learner_with
    from ..estimating.forecast import forecast

    name = suite_name(suite)
    learner = learner_with(method, options, batch_size)
    on = _device(device, measured=output.measure)
    with busy("running the fit without values"):
        found = estimated(learner, name, tasks=chosen, device_type=on.partition(":")[0])
    measured = _measured(found, learner, name, chosen, on) if output.measure else None
    if output.measure and measured is None:
        warning = f"nothing was measured, since {method} takes no training steps"
        open_console(stderr=True).print(f"[yellow]warning:[/] {warning}", highlight=False, soft_wrap=True)
    shown = Shown(found, measured, forecast(learner, found, measured))
    if output.format_ == "json":
        sys.stdout.write(json.dumps(shown.as_json(), indent=2) + "\n")
    elif output.format_ == "md":
        sys.stdout.write(shown.as_markdown() + "\n")
    else:
        open_console().print(shown.as_table())


def _device(given: str, *, measured: bool) -> str:
    """Return the device that memory is counted for, which is here where something is to be measured.

    Raises:
        ConfigError: it is unknown, or is to be measured on and not on this machine.
    """
    from ...errors import ConfigError
    from ...tasks.torch_device import as_device
    from ..cells.environment import require_no_number_of_cpu, resolve_devices

    if given == "auto" or measured:
        first, *others = resolve_devices(given)
        if others and given != "auto":
            raise ConfigError(f"a step is measured on one device, found --device {given}; name one of them")
        return first
    kind = as_device(given)
    if kind.type not in ("cpu", "cuda"):
        raise ConfigError(f"memory is estimated for cpu or cuda, found --device {given}")
    require_no_number_of_cpu(kind, given)
    return kind.type


def _measured(
    found: Estimate, learner: Learner, suite: str, tasks: list[str] | None, device: str
) -> MeasuredFit | None:
    """Return the measurement of a fit's first steps, set up as in a cell, on the prepared suite; None without steps."""
    import warnings

    import torch

    from ...tasks import SUITES, load_problem
    from ...tasks.threads import cpu_threads
    from ..estimating.measured_fit import measure_fit
    from ..running.deterministic_cuda import set_up_cuda
    from .single_activity import showing

    if found.step is None:
        return None
    if device.startswith("cuda"):
        set_up_cuda(device)
        warnings.filterwarnings("ignore", message=".*deterministic.*", category=UserWarning)
    with showing() as progress, cpu_threads(SUITES.get(suite).cpu_threads):
        problem = load_problem(suite, tasks, device=torch.device(device), progress=progress)
        return measure_fit(learner, problem)
