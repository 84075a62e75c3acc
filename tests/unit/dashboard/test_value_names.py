"""What values are called on a page."""

from __future__ import annotations

from askfirst.terms.attributes import AUTOMATIC
from askfirst_collector.dashboard.selection.value_names import ACTIONS, label


def test_what_pages_tell_of_by_themselves_has_names() -> None:
    """Each action in words, its value too; what an owner added is said as it is stored."""
    assert ACTIONS.keys() == AUTOMATIC.keys()
    assert label("action", ("engaged",)) == "Looked at a page"
    assert label("action", ("engaged", "seconds=30-59")) == "30-59 seconds"
    assert label("action", ("lcp", "rating=needs-improvement")) == "needs improvement"
    assert label("action", ("engaged", "from=mail&seconds=30-59")) == "from=mail&seconds=30-59"
    assert label("action", ("not_found", "none")) == "No details"
    assert label("action", ("signup", "plan=pro")) == "plan=pro"
    assert label("pages_seen", ("one",)) == "One page"
