"""Notifications: what happened while somebody was not looking, and the mails that are sent to people.

Owns everybody's inbox: one entry for all unread messages of a conversation, one for those that mention its owner and
one for those in threads that they follow, one for each message that is to be acknowledged and for each time somebody
was added. Keeps copies, made from events, of who takes part where, how far they have read and what they want to hear
of, of who follows which thread and whom people block. Serves messaging.notifications.v1.Notifications. Emits
NotificationCreated, NotificationRead and NotificationDeleted, each for its user alone. Consumes conversations'
MessageSent, MessageEdited, MessageDeleted, MessageHidden, MemberAdded, MemberRemoved, ConversationDeleted, ReadMoved,
SettingsChanged, ThreadChanged, AcknowledgementDue and Acknowledged, users' UserBlocked and UserUnblocked, and auth's
AccountRegistered and VerificationRequested, for which its worker sends a mail.
"""
