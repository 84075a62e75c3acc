"""How many visitors of one network several machines size, all of them together."""

from __future__ import annotations

from askfirst_collector.ingest.events import open_events
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.runtime.open import close_services
from askfirst_collector.services import Services
from askfirst_collector.store import machines as store
from askfirst_collector.store.postgresql import run_of
from askfirst_collector.usecases.machines import lose_machine
from tests.system.machines.host import Host, handle_of, id_of

PEER = "81.2.69.160"


def _sized(parts: Services, start: int) -> int:
    """Of nine visitors of one network how many an answer at this machine is sized for."""
    site = parts.registry.site("shop")
    assert site is not None
    edition = site.editions.current
    face = open_events(parts)
    visitors = map(handle_of, range(start, start + 9))
    return sum(face.counts_answer(edition, handle, {}, PEER) for handle in visitors)


def test_a_network_has_three_on_all_machines_together(host: Host) -> None:
    """M27: with three machines it was up to nine; one that is lost has none of them any more."""
    three = host.open("three")
    with host.machines("one", "two") as (one, two):
        machines = (one, two, three)
        assert [_sized(parts, 9 * n) for n, parts in enumerate(machines)] == [1, 1, 1]
        lose_machine(one, ON_THE_MACHINE, id_of(three))
        for parts in (one, two):
            assert parts.machines is not None
            parts.machines._counted = -store.LOOK
        # The place that it had is another one's now.
        assert sum(_sized(parts, 100 + 9 * n) for n, parts in enumerate((one, two))) == 1
        run_of(three.engine).lose()
        assert store.Machines(three.engine, id_of(three)).among() == (0, 0)
    close_services(three)
