"""Notifications: what happened while somebody was not looking, and the mails that are sent to people.

Owns everybody's inbox: one entry for all unread messages of a conversation, one for each time somebody was added. Keeps
a copy of who takes part where and how far they have read, made from events. Serves
messaging.notifications.v1.Notifications. Emits NotificationCreated and NotificationRead, each for its user alone.
Consumes conversations' MessageSent, MessageEdited, MessageDeleted, MemberAdded, MemberRemoved, ConversationDeleted and
ReadMoved, and auth's AccountRegistered and VerificationRequested, for which its worker sends a mail.
"""
