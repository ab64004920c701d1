"""The evidence read a second time for traces of the intruder, where no event store was kept; in a jail as the first time."""

from collections.abc import Sequence

from exsweep.assess import pivot
from exsweep.assess.pool import Pool
from exsweep.assess.reading import grouped, jail_for, seconds_for
from exsweep.assess.settings import Settings
from exsweep.evidence import Unit
from exsweep.judge import Traces
from exsweep.model import Hit


def looked_for(settings: Settings, units: Sequence[Unit], traces: Traces) -> tuple[list[Hit], dict[str, str]]:
    """Lines with traces, without seals; and where they could not be looked for, with the reason.

    Of an archive that is read as one the second names what its members' paths begin with.

    Raises:
        ExsweepError: the run cannot go on. Bad evidence raises nothing.
    """
    pool: Pool[pivot.PivotTask, tuple[Hit, ...]] = Pool(
        pivot.start,
        (),
        tuple[Hit, ...],
        settings.jobs,
        jail=jail_for(settings, units),
        seconds=lambda task: seconds_for(task.units),
    )
    found: list[Hit] = []
    again: list[pivot.PivotTask] = []
    lost: dict[str, str] = {}
    for finished in pool.run(
        pivot.PivotTask(tuple(group), traces, settings.passwords) for group in grouped(units)
    ):
        if finished.error is not None:
            raise finished.error
        if finished.result is None:
            again += [pivot.PivotTask((unit,), traces, settings.passwords) for unit in finished.task.units]
        found += finished.result or ()
    for finished in pool.run(again):
        (unit,) = finished.task.units
        if finished.error is not None:
            raise finished.error
        if finished.result is None:
            lost[unit.path] = lost[unit.place.inside] = finished.failure
        found += finished.result or ()
    return found, lost
