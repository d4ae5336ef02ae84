-- A word that a check constraint does not allow is refused with those that it does.
begin;
select plan(23);

create table pg_temp.shop (
  id integer,
  kind text constraint shop_kind check (kind in ('it''s', 'a, b', 'c')),
  size varchar(9) not null constraint shop_size check (size in ('small', 'large')),
  colour text check (colour <> 'red'),
  mixed text,
  constraint shop_mixed check ((mixed in ('a', 'b')) = (id is null)),
  constraint shop_shape check (kind ~ '^[a-z]'),
  pattern varchar(9) constraint shop_pattern check (pattern in ('a', 'b') or pattern like 'x-%'),
  either text constraint shop_either check (either in ('a', 'b') or either in ('c', 'd')),
  other text constraint shop_other check (other in ('a', 'b') and other <> 'b')
);
select results_eq($$select * from catalog.list_words('pg_temp.shop')$$,
  $$values ('kind'::text, array['it''s', 'a, b', 'c']), ('size', array['small', 'large'])$$,
  'list_words: columns of one of some words');
alter table pg_temp.shop add column later varchar(9), add constraint shop_later check (later in ('a', 'b')) not valid;
select is((select w.words from catalog.list_words('pg_temp.shop') w where w.name = 'later'), array['a', 'b'],
  'list_words: a constraint that is not validated yet');
select is_empty($$select * from catalog.list_words('leadgen.markets')$$, 'list_words: none');
create trigger check_words before insert or update on pg_temp.shop for each row execute function catalog.check_words();
select is(testkit.fault_of(format('insert into pg_temp.shop (kind, size) values (%L, %L)', kind, size)), fault,
  format('%s, %s', kind, size))
from (values ('c', 'small', 'none'), ('it''s', 'large', 'none'), (null, 'small', 'none'), ('b', 'small', 'LG423 kind'),
  ('', 'small', 'LG423 kind'), ('c', 'Small', 'LG423 size'), ('c', null, '23502')) as t (kind, size, fault);

select lives_ok($$insert into pg_temp.shop (size, pattern) values ('small', 'x-1')$$, 'words or a pattern: a word of the pattern');
select is(testkit.fault_of($$insert into pg_temp.shop (size, pattern) values ('small', 'y-1')$$), '23514', 'another is the constraint''s');

create temp table ids as select testkit.make_offer() as offer_id;
select is(testkit.detail_of(format($$insert into leadgen.sources (offer_id, kind, name) values (%s, 'landingpage', 'x')$$,
    offer_id)) ->> 'allowed',
  'one of landing_page, partner_api, embed_form', 'a source: which kinds there are') from ids;
select throws_like(format($$update leadgen.sources set kind = 'landingpage' where offer_id = %s$$, offer_id),
  'kind: found landingpage; allowed: one of landing_page, partner_api, embed_form. Did you mean landing_page?',
  'in one line, with the one that was meant') from ids;
select is(testkit.fault_of(format($$insert into leadgen.offer_exclusivities (offer_id, buyer_id, scope_type, scope_value)
  values (%s, 0, 'zip', '78701')$$, offer_id)), 'LG423 scope_type', 'an exclusivity') from ids;
select is(testkit.fault_of($$insert into leadgen.buyer_service_areas (buyer_id, market_id, scope_type, scope_value)
  values (0, 0, 'zip', '78701')$$), 'LG423 scope_type', 'a service area');
select lives_ok($$update leadgen.sources set kind = 'embed_form'$$, 'a kind there is');

-- Each column of such words that a DBA may write says so: a new one needs its trigger.
create function pg_temp.writable() returns table (name text) language sql as $$
  select format('%s.%s', c.relname, w.name)
  from pg_class c
  cross join lateral catalog.list_words(c.oid) w
  where c.relnamespace = 'leadgen'::regnamespace and c.relkind = 'r'
    and (has_column_privilege('leadgen_dba', c.oid, w.name, 'insert') or has_column_privilege('leadgen_dba', c.oid, w.name, 'update'));
$$;
create function pg_temp.guarded() returns table (name text) language sql as $$
  select format('%s.%s', c.relname, a.attname)
  from pg_trigger t
  join pg_class c on c.oid = t.tgrelid
  join pg_attribute a on a.attrelid = c.oid and a.attnum = any (t.tgattr)
  where t.tgfoid = 'catalog.check_words()'::regprocedure and c.relnamespace = 'leadgen'::regnamespace;
$$;
select results_eq('select * from pg_temp.writable() order by 1', 'select * from pg_temp.guarded() order by 1',
  'every column of some words that a DBA writes has the trigger');
select isnt_empty('select * from pg_temp.writable()', 'there are such columns');
-- The declaration of the trigger says the words again, so that a row with one of them pays nothing.
create function pg_temp.unlike() returns table (name text) language sql as $$
  select t.tgrelid::regclass::text
  from pg_trigger t
  join pg_attribute a on a.attrelid = t.tgrelid and a.attnum = any (t.tgattr)
  join lateral catalog.list_words(t.tgrelid) w on w.name = a.attname
  where t.tgfoid = 'catalog.check_words()'::regprocedure and t.tgrelid <> 'pg_temp.shop'::regclass
    and array(select m[1] from regexp_matches(pg_get_triggerdef(t.oid), '''([^'']+)''::', 'g') m) is distinct from w.words;
$$;
select is_empty('select * from pg_temp.unlike()', 'the trigger of a column is for other words than those of its constraint');
alter table leadgen.sources drop constraint sources_kind_valid, add constraint sources_kind_valid
  check (kind in ('landing_page', 'partner_api', 'embed_form', 'chat'));
select results_eq('select * from pg_temp.unlike()', $$values ('leadgen.sources')$$, 'a word more in one of them would be found');
alter table leadgen.verticals add column size text constraint verticals_size check (size in ('small', 'large'));
select is((select array_agg(w.name) from pg_temp.writable() w where w.name not in (select g.name from pg_temp.guarded() g)),
  array['verticals.size'], 'one without it would be found');
select is(testkit.fault_of($$insert into leadgen.verticals (slug, name, size) values ('x', 'x', 'huge')$$), '23514',
  'it would name the constraint');

select * from finish();
rollback;
