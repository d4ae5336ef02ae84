-- Who made a key, e-mails about keys, passkeys and apps, and invitations that say nothing about who has a user. What is
-- sealed is personal data: the audit has a chain.
-- squawk-ignore-file require-concurrent-index-creation, adding-foreign-key-constraint, renaming-column, ban-drop-constraint
-- squawk-ignore-file adding-field-with-default, constraint-missing-not-valid

alter table leadgen.api_keys add column made_by bigint references leadgen.users (id) on delete set null;
create index idx_api_keys_made_by on leadgen.api_keys (made_by) where made_by is not null;
update leadgen.api_keys set made_by = user_id where kind = 'user';

alter table leadgen.user_mails drop constraint user_mails_kind_known;
alter table leadgen.user_mails add constraint user_mails_kind_known check (kind in (
  'verify', 'invite', 'reset', 'exists', 'invited_elsewhere', 'approved', 'password_changed', 'passkey_added',
  'passkey_removed', 'app_added', 'app_removed', 'key_added', 'key_removed', 'buyer_key_added', 'buyer_key_removed',
  'keys_left'));

alter table leadgen.users add column wanted_email varchar(200);
alter table leadgen.users add constraint users_wanted_email_waits
  check (wanted_email is null or (role = 'buyer' and verified_at is null));

alter table leadgen.settings add column invitations_per_day integer not null default 20;
alter table leadgen.settings add constraint settings_invitations_bounded check (invitations_per_day between 0 and 1000);

-- Of a secret for which each statement of a buyer's session is signed, the blocks of its HMAC are kept.
alter table leadgen.link_secrets add column blocks bytea generated always as (
    substr(bit_send(bitxor(('x' || rpad(encode(secret, 'hex'), 128, '0'))::bit(512), ('x' || repeat('36', 64))::bit(512))), 5)
    || substr(bit_send(bitxor(('x' || rpad(encode(secret, 'hex'), 128, '0'))::bit(512), ('x' || repeat('5c', 64))::bit(512))), 5)
  ) stored;

alter table leadgen.audit_chain rename column sealed_at to chained_at;
update leadgen.chores set name = 'chain_audit', runs = 'auditing.chain_audit' where name = 'seal_audit';
