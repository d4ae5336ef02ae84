-- Feed: what happens in the market, in one order, for whoever listens; and the webhooks of operators, which bring it.
--
-- Nothing is written here on the road of a lead. A chore (roads/feed_is_filled.sql) finds what is new in the tables that
-- are written anyway: leads, sales, returns, events, the audit's entries of policies. It alone gives items their ids, one
-- worker at a time, so that ids are committed in their order: who has item 7 has missed nothing before it.
--
-- A lower id of a lead may be committed after a higher one. feed_marks says who is writing and above which id all that
-- they may commit is; below that, and below what was looked through, nothing can come any more.

create table leadgen.feed_kinds (
  kind text primary key,
  for_buyers boolean not null default false,
  event_kinds text[] not null default '{}',
  own_facts text[] not null default '{}',
  description text not null,

  constraint feed_kinds_kind_shape check (kind ~ '^[a-z]+\.[a-z]+$')
);
comment on table leadgen.feed_kinds is 'The registry of what the feed tells of: sql/seeds/feed.sql.';
comment on column leadgen.feed_kinds.for_buyers is 'A buyer sees those of its own.';
comment on column leadgen.feed_kinds.event_kinds is 'The events (leadgen.events) that become items of this kind.';
comment on column leadgen.feed_kinds.own_facts is 'Which facts of such an event its buyer may see, too.';

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
comment on table leadgen.feed_items is
  'The feed: what happened, in the order in which a worker found it. Ids are committed in their order. No personal data of '
  'leads. Kept for as long as the retention rule feed says.';
comment on column leadgen.feed_items.happened_at is 'When it happened; created_at: when the feed had it.';
comment on column leadgen.feed_items.origin is 'lead, sale, return, event or policy: of which table origin_id is a row.';
comment on column leadgen.feed_items.buyer_id is 'Whom it is about; null: no buyer.';
comment on column leadgen.feed_items.for_buyers is 'That buyer sees it.';
comment on column leadgen.feed_items.notes is 'What operators see beside the facts; null: nothing.';
create index idx_feed_items_buyer on leadgen.feed_items (buyer_id, id) where for_buyers;

create table leadgen.feed_marks (
  origin text primary key,
  settled_id bigint not null,
  mark_id bigint,
  waits_for text[] not null default '{}',
  scanned_id bigint,
  floors bigint[] not null default '{}',

  constraint feed_marks_origin_valid check (origin in ('lead', 'sale', 'return', 'event', 'policy')),
  constraint feed_marks_mark_is_ahead check (mark_id >= settled_id)
);
comment on table leadgen.feed_marks is
  'How far the feed is with each table that it is made of. Deploys add rows; the feed begins with what comes after that.';
comment on column leadgen.feed_marks.settled_id is 'All rows up to this id are in the feed, and no more can come.';
comment on column leadgen.feed_marks.mark_id is 'The latest row at the last turn; null: there was none yet.';
comment on column leadgen.feed_marks.waits_for is 'The virtual transactions that were writing the table then.';
comment on column leadgen.feed_marks.scanned_id is
  'What was committed up to this id is in the feed. What those of waits_for commit below it is looked for when they have ended.';
comment on column leadgen.feed_marks.floors is 'Of each of waits_for, by its place: the id above which all its rows are.';

create table leadgen.feed_state (
  id boolean primary key default true,
  forgotten_to bigint not null default 0,

  constraint feed_state_one_row check (id)
);
comment on table leadgen.feed_state is 'Items up to forgotten_to are not kept any more.';
insert into leadgen.feed_state default values;
