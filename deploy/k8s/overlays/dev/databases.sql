-- Development only: four databases, each with the role that owns its schema and the one that serves, which does no DDL.
-- The official image runs this once, on an empty volume.

create role auth_owner login password 'dev-only';
create role auth login password 'dev-only';
create database messaging_db_auth owner auth_owner;
revoke all on database messaging_db_auth from public;
grant connect on database messaging_db_auth to auth;
\connect messaging_db_auth
revoke all on schema public from public;
grant usage on schema public to auth;
alter default privileges for role auth_owner in schema public grant select, insert, update, delete on tables to auth;
alter default privileges for role auth_owner in schema public grant usage, select on sequences to auth;

create role users_owner login password 'dev-only';
create role users login password 'dev-only';
create database messaging_db_users owner users_owner;
revoke all on database messaging_db_users from public;
grant connect on database messaging_db_users to users;
\connect messaging_db_users
revoke all on schema public from public;
grant usage on schema public to users;
alter default privileges for role users_owner in schema public grant select, insert, update, delete on tables to users;
alter default privileges for role users_owner in schema public grant usage, select on sequences to users;
create extension pg_trgm;

create role conversations_owner login password 'dev-only';
create role conversations login password 'dev-only';
create database messaging_db_conversations owner conversations_owner;
revoke all on database messaging_db_conversations from public;
grant connect on database messaging_db_conversations to conversations;
\connect messaging_db_conversations
revoke all on schema public from public;
grant usage on schema public to conversations;
alter default privileges for role conversations_owner in schema public grant select, insert, update, delete on tables to conversations;
alter default privileges for role conversations_owner in schema public grant usage, select on sequences to conversations;
create extension pg_trgm;
create extension unaccent;

create role notifications_owner login password 'dev-only';
create role notifications login password 'dev-only';
create database messaging_db_notifications owner notifications_owner;
revoke all on database messaging_db_notifications from public;
grant connect on database messaging_db_notifications to notifications;
\connect messaging_db_notifications
revoke all on schema public from public;
grant usage on schema public to notifications;
alter default privileges for role notifications_owner in schema public grant select, insert, update, delete on tables to notifications;
alter default privileges for role notifications_owner in schema public grant usage, select on sequences to notifications;
