"""Who sends, and what they may: a user of Airflow, or the holder of a scoped token.

A route that takes :func:`sender` asks who it is; before anything is stored it must ask :meth:`Sender.require_start` or
:meth:`Sender.require_answer`.
"""

# No `from __future__ import annotations` here: FastAPI could not read the dependencies, and would answer 422.
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import bearer_scheme, get_auth_manager, get_user
from airflow.models.dag import DagModel
from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials
from slipway_core.records import Records, RecordsUnavailable, Right, Token, open_records
from slipway_core.records.token_text import is_token

Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer_scheme)]


class TokenUser(BaseUser):
    """The holder of a scoped token, as Airflow may name them.

    :param name: of the token
    """

    def __init__(self, name: str) -> None:
        self.name = f"token:{name}"

    def get_id(self) -> str:
        """Return the name by which the records and Airflow know them."""
        return self.name

    get_name = get_id


@dataclass(frozen=True)
class Sender:
    """Somebody who has said who they are.

    :param user: as Airflow knows them
    :param token: by which they came; ``None`` for a user of Airflow
    """

    user: BaseUser
    token: Token | None = None

    @property
    def name(self) -> str:
        """As a run and the records name them."""
        return self.user.get_name()

    def require_start(self, project: str, dag_id: str) -> None:
        """Raise 403 unless they may start runs of a DAG.

        :param project: that the DAG belongs to
        """
        self._require(project, dag_id, "POST", DagAccessEntity.RUN, "start")

    def require_answer(self, project: str, dag_id: str) -> None:
        """Raise 403 unless they may answer what a DAG asks people."""
        self._require(project, dag_id, "PUT", DagAccessEntity.HITL_DETAIL, "answer an approval of")

    def require_project(self, project: str) -> None:
        """Raise 403 for a token of another project; a user's rights go by DAGs, which are asked for later."""
        if self.token and self.token.project != project:
            raise HTTPException(403, f"Token '{self.token.name}' is for project '{self.token.project}' only.")

    def _require(self, project: str, dag_id: str, method: Any, entity: DagAccessEntity, what: str) -> None:
        self.require_project(project)
        if self.token:
            return
        details = DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id))
        manager = get_auth_manager()
        if not manager.is_authorized_dag(method=method, access_entity=entity, details=details, user=self.user):
            raise HTTPException(403, f"User '{self.name}' may not {what} '{dag_id}': their role does not allow it.")


def records() -> Records:
    """Return the records of this installation."""
    return open_records()


def scoped_token(bearer: Bearer, kept: Annotated[Records, Depends(records)]) -> Token | None:
    """Return the scoped token of a request; ``None`` when it has none, but perhaps a login of Airflow's.

    A wrong or revoked one is 401.
    """
    if not bearer or not is_token(bearer.credentials):
        return None
    try:
        token = kept.tokens.known(bearer.credentials)
    except RecordsUnavailable as error:
        raise HTTPException(503, str(error)) from error
    if token is None:
        raise HTTPException(401, "This token is unknown here. `slipway token create` makes one.")
    if token.revoked:
        raise HTTPException(401, f"Token '{token.name}' was revoked. `slipway token create` makes a new one.")
    return token


def sender(can: Right) -> Callable[..., Awaitable[Sender]]:
    """Return the dependency of a route: who sends; 401 for nobody, 403 for a token that is for something else.

    :param can: what a token must allow
    """

    async def who_sends(
        request: Request, bearer: Bearer, token: Annotated[Token | None, Depends(scoped_token)]
    ) -> Sender:
        if token is None:
            return Sender(await get_user(request, None, bearer))
        if token.can != can:
            raise HTTPException(403, f"Token '{token.name}' can send {token.can} only.")
        return Sender(TokenUser(token.name), token)

    return who_sends
