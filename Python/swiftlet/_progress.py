"""How far the work has come, for a function or a bar of tqdm's."""

from __future__ import annotations

from typing import Any, Callable, Optional, Union

from ._errors import InvalidArgumentError
from ._results import LoadProgress, Progress


class reporter:  # noqa: N801 (used like a function)
    """A context whose value is the function to call with each step, or None.

    Parameters
    ----------
    progress : bool, callable or None
        What the user asked for.
    label : str
        What stands before the bar.
    """

    def __init__(self, progress: Union[bool, Callable[[Any], Any], None], label: str) -> None:
        if progress is not None and not isinstance(progress, bool) and not callable(progress):
            raise InvalidArgumentError("progress must be True, False or a function.")
        self._progress = progress
        self._label = label
        self._bar: Any = None
        self._file: Optional[str] = None

    def __enter__(self) -> Optional[Callable[[Any], Any]]:
        if self._progress is None or self._progress is False:
            return None
        if callable(self._progress):
            return self._progress
        try:
            from tqdm.auto import tqdm  # type: ignore[import-untyped]
        except ImportError:
            return None
        self._tqdm = tqdm
        return self._show

    def __exit__(self, *_: object) -> None:
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()

    def _show(self, step: Union[Progress, LoadProgress]) -> None:
        if isinstance(step, LoadProgress):
            if step.done is None:
                return
            label = str(step.details.get("file", self._label)) if step.stage == "fetching" else "Building the engine"
            if self._bar is None or label != self._file:
                self.__exit__()
                self._file = label
                self._bar = self._tqdm(total=step.total, desc=label, unit="B", unit_scale=True, unit_divisor=1024)
            self._advance(step.done, step.total)
        else:
            if self._bar is None:
                form = "{l_bar}{bar}| {n:.1f}/{total:.1f} s [{elapsed}<{remaining}]"
                unknown = "{desc}: {n:.1f} s [{elapsed}]"
                self._bar = self._tqdm(
                    total=step.duration, desc=self._label, unit="s", bar_format=form if step.duration else unknown
                )
            self._advance(step.position, step.duration)

    def _advance(self, done: float, total: Optional[float]) -> None:
        if total is not None and self._bar.total != total:
            self._bar.total = total
        self._bar.update(max(0, done - self._bar.n))
