-- Webhook secrets: what signs a buyer's webhooks, and the headers that go with them. They are written here and read by
-- a claim (outbox.lease_deliveries). No error, event or answer repeats one, but for the new secret of a rotation.

create or replace function catalog.make_webhook_secret()
returns text
language sql
volatile
as $$
-- gen_random_uuid draws 122 bits from the system's strong source; two of them, hashed, make 32 bytes.
  select 'whsec_' || encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'base64');
$$;
comment on function catalog.make_webhook_secret() is
  'A new Standard Webhooks secret: whsec_ and 32 random bytes in base64.';

create or replace function catalog.make_secret()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform catalog.ensure_webhook_secrets(new.id);
  return null;
end;
$$;
comment on function catalog.make_secret() is 'Trigger: a new buyer has a secret to sign its webhooks with.';

create or replace function catalog.ensure_webhook_secrets(p_buyer_id bigint)
returns leadgen.webhook_secrets
language plpgsql
volatile
as $$
-- A buyer has no row yet in the statement that inserts it, and after a restore that left the secrets out.
declare
  v_own leadgen.webhook_secrets;
begin
  insert into leadgen.webhook_secrets (buyer_id, secret)
  select b.id, catalog.make_webhook_secret() from leadgen.buyers b where b.id = p_buyer_id
  on conflict (buyer_id) do nothing;
  select s.* into v_own from leadgen.webhook_secrets s where s.buyer_id = p_buyer_id for no key update;
  if not found then
    perform kernel.refuse('LG404', 'There is no such buyer', 'buyer_id', p_buyer_id::text, 'the id of a buyer');
  end if;
  return v_own;
end;
$$;
comment on function catalog.ensure_webhook_secrets(bigint) is
  'The secrets of a buyer, made if it has none, their row locked until the '
  'transaction ends; LG404 when there is no such buyer.';

create or replace function catalog.rotate_webhook_secret(p_buyer_id bigint, p_overlap interval default '24 hours')
returns text
language plpgsql
volatile
as $$
declare
  v_secret constant text := catalog.make_webhook_secret();
begin
  perform catalog.replace_webhook_secret(p_buyer_id, v_secret, p_overlap);
  return v_secret;
end;
$$;
comment on function catalog.rotate_webhook_secret(bigint, interval) is 'The work of leadgen.rotate_webhook_secret.';

create or replace function catalog.set_webhook_secret(
  p_buyer_id bigint,
  p_secret text,
  p_overlap interval default '24 hours'
)
returns void
language plpgsql
volatile
as $$
begin
  perform catalog.check_webhook_secret(p_secret, 'p_secret');
  perform catalog.replace_webhook_secret(p_buyer_id, p_secret, p_overlap);
end;
$$;
comment on function catalog.set_webhook_secret(bigint, text, interval) is 'The work of leadgen.set_webhook_secret.';

create or replace function catalog.replace_webhook_secret(p_buyer_id bigint, p_secret text, p_overlap interval)
returns void
language plpgsql
volatile
as $$
-- There is one place for an old secret. Rotating again while it is in use would cut off a receiver that still verifies
-- with it (and so would a second click); a secret that leaked is replaced at once, with an overlap of 0.
declare
  c_longest constant interval := '30 days';
  v_now constant timestamptz := leadgen.clock();
  v_own leadgen.webhook_secrets;
begin
  if p_overlap between interval '0' and c_longest is not true then
    perform kernel.refuse(
      'LG400', 'The overlap of the two secrets is out of bounds', 'p_overlap', coalesce(p_overlap::text, 'none'),
      '0 to 30 days');
  end if;
  v_own := catalog.ensure_webhook_secrets(p_buyer_id);
  if v_own.secret = p_secret then
    return;
  elsif v_own.previous_secret_until > v_now and p_overlap > interval '0' then
    perform kernel.refuse(
      'LG409', format('Buyer %s still has an old secret beside the current one', p_buyer_id), 'p_overlap',
      'an old secret until ' || to_char(v_own.previous_secret_until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
      'a rotation after that, or an overlap of 0', 'With an overlap of 0 both old secrets end at once.');
  end if;
  update leadgen.webhook_secrets s
  set
    secret = p_secret,
    previous_secret = case when p_overlap > interval '0' then s.secret end,
    previous_secret_until = case when p_overlap > interval '0' then v_now + p_overlap end
  where s.buyer_id = p_buyer_id;
  perform catalog.note_action('secret_rotated', format('buyer %s', p_buyer_id), p_buyer_id,
    format('buyer %s: a new webhook secret; the old one signs too for %s', p_buyer_id, p_overlap), '{}');
end;
$$;
comment on function catalog.replace_webhook_secret(bigint, text, interval) is
  'Signs a buyer''s webhooks with another secret, and with the old one, too, until the overlap ends; an event says so. '
  'The secret that it has changes nothing. LG400 for an overlap out of bounds, LG409 while an old secret still signs.';

create or replace function catalog.check_webhook_secret(p_secret text, p_field text)
returns void
language plpgsql
immutable
as $$
-- The error does not repeat it: the server logs errors.
declare
  c_allowed constant text := 'whsec_ and the base64 of 24 to 64 bytes';
begin
  if p_secret is null then
    perform kernel.refuse_value(p_field, 'nothing', c_allowed || '; leadgen.rotate_webhook_secret makes one');
  elsif p_secret !~ '^whsec_([A-Za-z0-9+/]{4})+([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$' then
    perform kernel.refuse_value(p_field, 'text that is no secret', c_allowed);
  elsif length(decode(substr(p_secret, 7), 'base64')) not between 24 and 64 then
    perform kernel.refuse_value(p_field, length(decode(substr(p_secret, 7), 'base64')) || ' bytes', c_allowed);
  end if;
end;
$$;
comment on function catalog.check_webhook_secret(text, text) is
  'Raises LG423 unless Standard Webhooks can sign with it.';

create or replace function catalog.set_webhook_header(p_buyer_id bigint, p_name text, p_value text)
returns text[]
language plpgsql
volatile
as $$
-- One header a call, as text: nobody can read the others to repeat them, and PostgreSQL logs JSON that it cannot read.
declare
  c_most constant integer := 20;
  v_old jsonb;
  v_new jsonb;
begin
  perform catalog.check_webhook_header(p_name, p_value);
  v_old := (catalog.ensure_webhook_secrets(p_buyer_id)).headers;
  select coalesce(jsonb_object_agg(h.key, h.value), '{}') into v_new
  from jsonb_each(v_old) h
  where lower(h.key) <> lower(p_name);
  if p_value is not null then
    v_new := v_new || jsonb_build_object(p_name, p_value);
  end if;
  if (select count(*) from jsonb_object_keys(v_new)) > c_most then
    perform kernel.refuse_value('p_name', format('%s headers', c_most + 1), format('at most %s', c_most));
  elsif v_new <> v_old then
    update leadgen.webhook_secrets s set headers = v_new where s.buyer_id = p_buyer_id;
    perform catalog.note_action('secrets_changed', format('buyer %s header %s', p_buyer_id, p_name), p_buyer_id,
      format('buyer %s: the webhook header %s is %s', p_buyer_id, p_name,
        case when p_value is null then 'removed' else 'set' end),
      jsonb_build_object('header', p_name));
  end if;
  return array(select k.name from jsonb_object_keys(v_new) k (name) order by k.name collate "C");
end;
$$;
comment on function catalog.set_webhook_header(bigint, text, text) is 'The work of leadgen.set_webhook_header.';

create or replace function catalog.check_webhook_header(p_name text, p_value text)
returns void
language plpgsql
immutable
as $$
-- Values are secrets as a rule: an error repeats none, for the server logs it. Nor a name: it may be a value in the
-- wrong place.
begin
  if p_name ~* '^(authorization|x-[a-z0-9-]{1,60})$' is not true then
    perform kernel.refuse_value('p_name', case when p_name is null then 'nothing' else 'another name' end,
      'Authorization, or X- and 1 to 60 letters, digits and hyphens');
  elsif p_value !~ E'^[\\x21-\\x7e]([\\x20-\\x7e]*[\\x21-\\x7e])?$' or length(p_value) > 1000 then
    perform kernel.refuse_value('p_value', 'text that no header can carry',
      '1 to 1000 printable ASCII characters, none of them a space at either end; null removes the header');
  end if;
end;
$$;
comment on function catalog.check_webhook_header(text, text) is
  'Raises LG423 unless a header that a buyer asks for is Authorization or '
  'X-..., with a value that one line can carry, or none.';
