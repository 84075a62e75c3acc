"""The folder in which a site keeps what its collector is owed."""

from __future__ import annotations

from pathlib import Path

from askfirst.errors import Unusable, WrongSetting
from askfirst.spool.spool import Spool


def open_site_spool(folder: Path | str | None, keys: Path | str | tuple[bytes, ...]) -> Spool:
    """The spool in `folder`, made where it is missing; else beside the file of `keys`.

    Raises WrongSetting and Unusable.
    """
    if folder is None and isinstance(keys, tuple):
        advice = "name a folder of this site's own, on a disk that stays: withdrawals wait there"
        raise WrongSetting("E038", "spool", None, advice)
    beside = Path() if isinstance(keys, tuple) else Path(keys).absolute()
    spool = Spool(beside.with_name(f"{beside.name}.spool") if folder is None else folder)
    try:
        spool.make()
        with spool.locked():
            pass
    except OSError as error:
        why = f"it cannot be a folder of ours ({error.strerror}): name another with spool="
        raise Unusable(spool.folder, why) from error
    return spool
