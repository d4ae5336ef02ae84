-- The feed: what happens in the market, for whoever listens. It begins with what comes after the deploy.
create table leadgen.feed_kinds (
  kind text primary key,
  for_buyers boolean not null default false,
  event_kinds text[] not null default '{}',
  own_facts text[] not null default '{}',
  description text not null,

  constraint feed_kinds_kind_shape check (kind ~ '^[a-z]+\.[a-z]+$')
);

create table leadgen.feed_items (
  id bigint generated always as identity primary key,
  created_at timestamptz not null,
  happened_at timestamptz not null,
  origin text not null,
  origin_id bigint not null,
  kind text not null,
  buyer_id bigint,
  for_buyers boolean not null,
  facts jsonb not null,
  notes jsonb,

  constraint feed_items_origin_unique unique (origin, origin_id),
  constraint feed_items_facts_is_object check (jsonb_typeof(facts) = 'object'),
  constraint feed_items_notes_is_object check (jsonb_typeof(notes) = 'object')
);
create index idx_feed_items_buyer on leadgen.feed_items (buyer_id, id) where for_buyers;

create table leadgen.feed_marks (
  origin text primary key,
  settled_id bigint not null,
  mark_id bigint,
  waits_for text[] not null default '{}',

  constraint feed_marks_origin_valid check (origin in ('lead', 'sale', 'return', 'event', 'policy')),
  constraint feed_marks_mark_is_ahead check (mark_id >= settled_id)
);

create table leadgen.feed_state (
  id boolean primary key default true,
  forgotten_to bigint not null default 0,

  constraint feed_state_one_row check (id)
);
insert into leadgen.feed_state default values;

alter table leadgen.feed_items enable row level security;
create policy staff on leadgen.feed_items to leadgen_dba using (true);
create policy own_buyer on leadgen.feed_items for select to leadgen_reader
  using (for_buyers and buyer_id = (select identity.acting_buyer()));
