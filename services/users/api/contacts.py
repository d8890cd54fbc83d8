"""messaging.users.v1.Contacts."""

from chassis.database import Database, Once
from chassis.paging import Pager, size
from chassis.rpc.interceptor import Context
from messaging.users.v1 import contacts_pb2 as pb
from messaging.users.v1 import contacts_pb2_grpc as rpc
from services.users import store
from services.users.api import convert
from services.users.domain import contacts
from services.users.model.relations import Relation
from services.users.store.presences import Presences


class ContactsServicer(rpc.ContactsServicer):
    """Whom people know."""

    def __init__(self, database: Database, presences: Presences, pager: Pager) -> None:
        self._database = database
        self._presences = presences
        self._pager = pager

    async def AddContact(self, request: pb.AddContactRequest, context: Context) -> pb.AddContactResponse:
        """Refuses unknown users and oneself."""
        user_id = convert.viewer().user_id
        response: pb.AddContactResponse = await self._database.run(
            contacts.add,
            user_id=user_id,
            contact_id=convert.user_id(request.user_id),
            once=Once.of(request, encode=lambda _: pb.AddContactResponse(), answer=pb.AddContactResponse),
        )
        return response

    async def RemoveContact(self, request: pb.RemoveContactRequest, context: Context) -> pb.RemoveContactResponse:
        """Refuses unknown users."""
        user_id = convert.viewer().user_id
        response: pb.RemoveContactResponse = await self._database.run(
            contacts.remove,
            user_id=user_id,
            contact_id=convert.user_id(request.user_id),
            once=Once.of(request, encode=lambda _: pb.RemoveContactResponse(), answer=pb.RemoveContactResponse),
        )
        return response

    async def ListContacts(self, request: pb.ListContactsRequest, context: Context) -> pb.ListContactsResponse:
        """Refuses page tokens of other lists."""
        viewer = convert.viewer()
        filters = {"list": "contacts", "user_id": viewer.user_id}
        page = await self._database.run(
            store.relations.page,
            kind=Relation.CONTACT,
            viewer=viewer,
            cursor=self._pager.decode(request.page_token, filters),
            size=size(request.page_size),
        )
        presences = await self._presences.of([row.seen.profile.user_id for row in page.rows])
        return pb.ListContactsResponse(
            contacts=[
                pb.Contact(profile=convert.profile(row.seen, presence), create_time=convert.timestamp(row.since))
                for row, presence in zip(page.rows, presences, strict=True)
            ],
            next_page_token=self._pager.encode(page.next, filters),
            previous_page_token=self._pager.encode(page.previous, filters),
        )
