-- The groups that an identity provider named at the sign-in, as a JSON list of texts; null where it named none, or a password
-- was used. The release before leaves it null: a session that it began has no roles by groups.
alter table sessions add column member_of text;
