-- Signing: the secrets that a claim hands to its worker.

create or replace function outbox.list_secrets(p_own leadgen.webhook_secrets, p_now timestamptz)
returns text[]
language sql
stable
as $$
-- An expression, not secured, so that it is inlined.
  select array_remove(array[
    p_own.secret,
    case when p_own.previous_secret_until > p_now then p_own.previous_secret end], null)::text[];
$$;
comment on function outbox.list_secrets(leadgen.webhook_secrets, timestamptz) is
  'What a buyer''s webhooks are signed with: its secret, and the one before while it is rotated.';

create or replace function outbox.list_hook_secrets(p_own leadgen.hook_secrets, p_now timestamptz)
returns text[]
language sql
stable
as $$
-- An expression, not secured, so that it is inlined.
  select array_remove(array[
    p_own.secret,
    case when p_own.previous_secret_until > p_now then p_own.previous_secret end], null)::text[];
$$;
comment on function outbox.list_hook_secrets(leadgen.hook_secrets, timestamptz) is
  'What the webhooks of a hook are signed with: its secret, and the one before while it is rotated.';
