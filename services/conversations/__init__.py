"""Conversations: who talks to whom, and everything that is said.

Owns conversations, participants with roles and positions, bans, invites, messages with their versions, and the change
log, in PostgreSQL; a projection of people (suspended accounts, blocks) is kept from events. Serves Conversations,
Participants, Bans, Invites, Messages and Receipts of messaging.conversations.v1. Emits
ConversationCreated/Updated/Deleted, MemberAdded/Removed, MembershipChanged, SettingsChanged,
MessageSent/Edited/Deleted, ReadMoved and DeliveredMoved, and passes typing on without storing it. Circles says where
people hear of each other's presence.
What people attach to messages is served by Reactions (ReactionChanged), Pins (PinChanged), Bookmarks (BookmarkChanged),
Acknowledgements (MessageUpdated, Acknowledged) and Polls (MessageUpdated), what they began to write by Drafts
(DraftChanged), and what moderators of the platform shall look at by Reports.
Its worker sends scheduled messages (service Scheduled; ScheduledMessageChanged), adds previews of links to messages
(MessageUpdated) and says who is to be reminded of what they have not acknowledged (AcknowledgementDue).
Consumes auth's AccountRegistered, AccountSuspended and AccountRestored, and users' UserBlocked and UserUnblocked.
"""
