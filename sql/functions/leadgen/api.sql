-- Facade of the API: a lead comes in, a network posts, an operator asks.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.submit_lead(payload jsonb, context jsonb default '{}', p_waits boolean default true)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
  return roads.submit_lead(payload, context, p_waits);
end;
$$;
comment on function leadgen.submit_lead(jsonb, jsonb, boolean) is
  'Takes one lead: resolves, validates, routes, prices, stores it and queues its deliveries, in the caller''s '
  'transaction. Returns status accepted, rejected or quarantined, or limited, with retry_after in seconds, when its '
  'sender put too much into quarantine, or lookup when the caller can resolve a mail domain'
  ' and is to do so first, or busy, with offer_id, when somebody holds its offer and p_waits is false; raises '
  'LG400, LG401, LG403, LG422 for a malformed call.';

create or replace function leadgen.submit_leads(
  p_payloads jsonb[],
  p_contexts jsonb[],
  p_waits boolean default true
)
returns setof jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set lock_timeout = '1s'
as $$
begin
  return query select roads.submit_leads(p_payloads, p_contexts, p_waits);
end;
$$;
comment on function leadgen.submit_leads(jsonb[], jsonb[], boolean) is
  'Takes up to 32 leads in the caller''s transaction, each as submit_lead would, and answers in the order given. An '
  'answer is submit_lead''s or one of these. refused, with sqlstate, message, detail, hint: where submit_lead raises '
  'LG400, LG401, LG403 or LG422. busy, with offer_id: somebody holds its offer, or time is up; submit it again. When '
  'all offers are held, the first is waited for, unless p_waits is false. alone: submit it by itself. Raises '
  'what is not one lead''s (a deadlock, a lock time-out, a full disk); then nothing is taken.';

create or replace function leadgen.check_source_key(p_key_hash text)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform intake.check_source_key(p_key_hash);
end;
$$;
comment on function leadgen.check_source_key(text) is
  'LG401 unless some source has the API key with this hash. Asked before a batch is read.';

create or replace function leadgen.find_form_pages(p_payload jsonb, p_context jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return intake.find_form_pages(p_payload, p_context);
end;
$$;
comment on function leadgen.find_form_pages(jsonb, jsonb) is
  'Where the source of a submission sends visitors who posted an HTML form: success_url and error_url, each null where '
  'the source has none. {}: no source claims the submission, or its key is wrong.';

create or replace function leadgen.issue_form_token(p_source_key text, out form_token text, out issued_at timestamptz)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  select t.form_token, t.issued_at into form_token, issued_at from intake.issue_form_token(p_source_key) t;
end;
$$;
comment on function leadgen.issue_form_token(text) is
  'A signed token for the form of a source''s page, for the policy key form_token. LG404 for no such source.';

create or replace function leadgen.show_lead_form(p_source_key text)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return intake.show_lead_form(p_source_key);
end;
$$;
comment on function leadgen.show_lead_form(text) is
  'The public form of a source: title, fields with label, type and options, consent text with its version, the name of '
  'its honeypot, a fresh form token, and which sites may frame it. LG404 for a source that has none.';

create or replace function leadgen.explain_lead_for(p_key_hash text, p_lead_id bigint)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.explain_lead_for(p_key_hash, p_lead_id);
end;
$$;
comment on function leadgen.explain_lead_for(text, bigint) is
  'explain_lead for the holder of an operator''s key. LG401 without one, LG404 when there is no such lead.';

create or replace function leadgen.is_ready()
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.is_ready();
end;
$$;
comment on function leadgen.is_ready() is 'Whether this database takes leads: migrated and writable.';

create or replace function leadgen.record_mail_domain(p_domain text, p_status text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform ref.record_mail_domain(p_domain, p_status);
end;
$$;
comment on function leadgen.record_mail_domain(text, text) is
  'Keeps what a resolver said of a domain now: has_mail, no_mail, unknown (it did not answer). Raises LG400 for '
  'anything else.';

create or replace function leadgen.lease_posts(
  p_name text,
  p_subject text,
  p_count integer,
  out granted integer,
  out retry_after integer
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  select l.granted, l.retry_after into granted, retry_after from intake.lease_posts(p_name, p_subject, p_count) l;
end;
$$;
comment on function leadgen.lease_posts(text, text, integer) is
  'Leases posts to an API process, 1 to p_count of those that a rate limit (address, source, key) leaves its subject. '
  'granted 0: none are left; ask again in retry_after seconds. LG400 for anything else.';

create or replace function leadgen.list_rate_limits()
returns table (name text, subject text, amount integer, per_seconds integer, is_active boolean)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from intake.list_rate_limits();
end;
$$;
comment on function leadgen.list_rate_limits() is 'The rate limits on posts, which API processes hold.';

create or replace function leadgen.open_post(p_source_key text, p_body bytea, p_context jsonb default '{}')
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  return roads.open_post(p_source_key, p_body, p_context);
end;
$$;
comment on function leadgen.open_post(text, bytea, jsonb) is
  'Takes what a source posted in its own shape: stores the leads that are to be fetched, for workers, and returns the '
  'positions of the others, to be submitted now, and whether the sender wants the lead''s answer or an empty one. '
  'LG401, LG400.';

create or replace function leadgen.keep_refused(
  p_source_key text,
  p_text text,
  p_context jsonb,
  p_answer jsonb,
  p_cut_bytes bigint default null,
  p_position integer default null
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  return intake.keep_refused(p_source_key, p_text, p_context, p_answer, p_cut_bytes, p_position);
end;
$$;
comment on function leadgen.keep_refused(text, text, jsonb, jsonb, bigint, integer) is
  'Keeps a submission that is refused with p_answer in quarantine, if its source can be told, and returns its id; '
  'null: it is not kept. p_source_key: the source to whose own address it was posted, p_position: which lead of the '
  'post; p_cut_bytes: how much of the body is missing.';

create or replace function leadgen.submit_mapped_lead(
  p_source_key text,
  p_body bytea,
  p_context jsonb default '{}',
  p_position integer default 0,
  p_fetched jsonb default null,
  p_waits boolean default true
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
  return roads.submit_mapped_lead(p_source_key, p_body, p_context, p_position, p_fetched, p_waits);
end;
$$;
comment on function leadgen.submit_mapped_lead(text, bytea, jsonb, integer, jsonb, boolean) is
  'Takes one lead of a post in its source''s own shape: proves the sender (context: api_key_hash or signature), maps,'
  ' rehearses a test, else submits. p_fetched: the lead as its network gave it, where the post only names it. '
  'Outcomes are submit_lead''s, or status test. LG400, LG401, LG403, LG422.';

create or replace function leadgen.verify_subscription(p_source_key text, p_verify_token text)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return intake.verify_subscription(p_source_key, p_verify_token);
end;
$$;
comment on function leadgen.verify_subscription(text, text) is
  'Whether a network that asks for a source''s address knows the source''s verify token.';

create or replace function leadgen.record_sms_status(
  p_message_id uuid,
  p_provider_id text,
  p_status text,
  p_error_code integer
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.record_sms_status(p_message_id, p_provider_id, p_status, p_error_code);
end;
$$;
comment on function leadgen.record_sms_status(uuid, text, text, integer) is
  'What the provider of text messages reports of one: delivered and read end its delivery well, undelivered, failed '
  'and canceled end it dead, all else says nothing new. An error that means the recipient wants none disables the '
  'endpoint. False when there is no such message; LG409 for a report of another one.';
