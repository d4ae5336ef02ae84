-- Rates: how much strangers may send before anything of it is stored.
--
-- A rate limit is a row; what is left of it for one sender is a bucket, which fills as time goes by. API processes take
-- tokens out of buckets in blocks and spend them themselves, so most posts cost the database nothing.

create table leadgen.rate_limits (
  name text not null,
  subject text not null default '*',
  amount integer not null,
  per_seconds integer not null,
  is_active boolean not null default true,
  updated_at timestamptz,

  primary key (name, subject),
  constraint rate_limits_name_valid check (
    name in ('address', 'source', 'key', 'quarantine_address', 'quarantine_source', 'quarantine')),
  constraint rate_limits_subject_length check (length(subject) between 1 and 200),
  constraint rate_limits_amount_bounded check (amount between 0 and 1000000000),
  constraint rate_limits_per_seconds_bounded check (per_seconds between 1 and 604800)
);
comment on table leadgen.rate_limits is
  'How much one sender may send: amount at once, and as much again in each per_seconds. API processes read it every few '
  'seconds.';
comment on column leadgen.rate_limits.name is
  'Requests without a key from one address, or with a key or signature that is not known to be valid (address); posts '
  'without a key for one source (source); requests with one API key (key); bytes that come into quarantine from one '
  'address without a source (quarantine_address), for one source (quarantine_source) and from everybody (quarantine).';
comment on column leadgen.rate_limits.subject is
  '*: everybody for whom there is no row of their own. An IPv4 address; the /64 of an IPv6 address (2001:db8:1:2::/64); a '
  'source_key.';
comment on column leadgen.rate_limits.amount is 'Requests, or bytes of quarantine; 0: nothing is taken.';
comment on column leadgen.rate_limits.is_active is 'False: there is no such limit, for this subject.';

create or replace trigger check_words before insert or update of name on leadgen.rate_limits
  for each row when (
    new.name not in ('address', 'source', 'key', 'quarantine_address', 'quarantine_source', 'quarantine'))
  execute function catalog.check_words();
create or replace trigger touch_updated_at before update on leadgen.rate_limits
  for each row execute function kernel.touch_updated_at();

create unlogged table leadgen.rate_buckets (
  name text not null,
  subject text not null,
  tokens double precision not null,
  filled_at timestamptz not null,
  refused bigint not null default 0,

  primary key (name, subject)
);
comment on table leadgen.rate_buckets is
  'What is left of a rate limit for one sender. Unlogged: after a crash every bucket is full. A chore deletes those that '
  'nobody used for a day.';
comment on column leadgen.rate_buckets.tokens is 'What was left at filled_at; it has filled since.';
comment on column leadgen.rate_buckets.refused is
  'How often there was nothing left. An API process that was refused asks again only after a pause, so its own metric '
  'leadgen_posts_limited counts the posts.';
