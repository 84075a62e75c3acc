"""`/v1/users`: what is linked to a signed-in user, for the account page of a site."""

from __future__ import annotations

from .operation import AWAY, Answer, Area, Operation, ref
from .rights import ROW
from .security import FOR_A_USER
from .shapes import array, closed

_REFUSALS = frozenset({"wrong-key", "bad-shape", AWAY})

AREA = Area(
    tag="users",
    description="What is linked to a signed-in user. The site has made sure who asks.",
    schemas={"UserData": closed({"rows": array(ROW)})},
    operations=(
        Operation(
            "get",
            "/v1/users",
            "exportUser",
            "See what is linked to a user",
            security=(FOR_A_USER,),
            answers=(Answer(200, "All of it.", ref("UserData"), {"rows": []}),),
            refusals=_REFUSALS,
        ),
        Operation(
            "post",
            "/v1/users/erase",
            "eraseUser",
            "End the link of everything to a user",
            security=(FOR_A_USER,),
            answers=(Answer(200, "Done, or nothing was linked.", ref("Done"), {"done": True}),),
            refusals=_REFUSALS,
        ),
    ),
)
