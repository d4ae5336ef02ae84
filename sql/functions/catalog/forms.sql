-- Forms: the columns of a row of the catalogue that a form may have, and what each takes. All but the list of columns
-- is read from the table: type, words, length, whether it may be empty, comment.

create or replace function catalog.find_form(
  p_form text,
  out table_name text,
  out columns text[],
  out new_columns text[],
  out filled_columns text[],
  out key_columns text[],
  out takes_rows boolean,
  out needs text
)
language plpgsql
immutable
as $$
-- A logo of 100,000 characters would be most of its page: it is set in SQL.
begin
  select f.table_name, f.columns, f.new_columns, f.filled_columns, f.key_columns, f.takes_rows, f.needs
  into table_name, columns, new_columns, filled_columns, key_columns, takes_rows, needs
  from (
    values
      ('buyer', 'buyers',
        '{name,company,email,phone,is_active,webhook_url,email_notifications,sms_notifications,notice_emails,'
        'billing_mode,credit_limit,low_balance_at,currency,billing_cycle,invoices_by,payment_terms_days,'
        'tax_id,tax_address,tax_country,tax_region,is_tax_exempt}',
        '{}', '{}', '{id}', true, 'configure'),
      ('enrollment', 'buyer_offers',
        '{is_active,price_per_lead,min_balance_required,routing_priority,weight,'
        'capacity_per_hour,capacity_per_day,capacity_per_week,capacity_per_month,budget_per_day,budget_per_month,'
        'timezone,webhook_url_override,email_override,sms_override,filters}',
        '{buyer_id,offer_id}', '{}', '{id}', true, 'configure'),
      ('offer', 'offers',
        '{name,is_active,default_price_per_lead,invoice_threshold,'
        'validation_policy_id,routing_policy_id,pricing_policy_id}',
        '{market_id,vertical_id}', '{}', '{id}', true, 'configure'),
      ('source', 'sources',
        '{name,is_active,hostname,path_prefix,account,disclose_buyer,success_url,error_url,payout_policy_id}',
        '{offer_id,kind,source_key}', '{source_key}', '{id}', true, 'configure'),
      ('settings', 'settings',
        '{default_source_key,default_duplicate_window_hours,default_invoice_threshold,warn_at_percent,'
        'slow_retry_seconds,disable_endpoint_after,invitations_per_day,policies_need_approval}',
        '{}', '{}', '{id}', false, 'manage'),
      ('billing_settings', 'billing_settings',
        '{company,address,tax_id,email,phone,website,payment_instructions,terms,footer,pay_url,terms_days,'
        'sends_at_once,timezone,invoice_series,credit_note_series,number_template,number_digits}',
        '{}', '{}', '{id}', false, 'manage'),
      ('rate_limit', 'rate_limits', '{amount,per_seconds,is_active}', '{name,subject}', '{}', '{name,subject}', true,
        'manage'),
      ('retention_rule', 'retention_rules', '{keep,is_active}', '{}', '{}', '{name}', false, 'manage'),
      ('chore', 'chores', '{pause,is_active}', '{}', '{}', '{name}', false, 'manage')
  ) as f (form, table_name, columns, new_columns, filled_columns, key_columns, takes_rows, needs)
  where f.form = p_form;
  if table_name is null then
    perform kernel.refuse('LG400', 'There is no such form', 'form', coalesce(left(p_form, 30), 'nothing'),
      'buyer, enrollment, offer, source, settings, billing_settings, rate_limit, retention_rule, chore');
  end if;
end;
$$;
comment on function catalog.find_form(text) is
  'The table of a form, the columns that it edits, those that only a new row has, those that a trigger fills in where '
  'they are empty, the columns of its key, whether rows may be added, and which right it takes to edit it. What the '
  'ledger, the engine or a page of its own writes is not among the columns.';

create or replace function catalog.match_form_row(p_form text, p_argument text)
returns text
language sql
stable
as $$
  select string_agg(format('r.%I = (%s)[%s]::%s', a.attname, p_argument, k.place, format_type(a.atttypid, null)),
    ' and ' order by k.place)
  from catalog.find_form(p_form) f
  cross join lateral unnest(f.key_columns) with ordinality as k (name, place)
  join pg_catalog.pg_attribute a
    on a.attrelid = format('leadgen.%I', f.table_name)::regclass and a.attname = k.name;
$$;
comment on function catalog.match_form_row(text, text) is
  'The condition, in SQL, by which a row r of a form has the key that an argument ($1, an array of texts) gives.';

create or replace function catalog.list_form_fields(p_form text, p_is_new boolean)
returns table (
  place bigint,
  name text,
  kind text,
  words text[],
  is_required boolean,
  most integer,
  scale integer,
  usual text,
  note text
)
language sql
stable
as $$
-- A length or a precision is in the type's modifier, four more than it says.
  select
    c.place, c.name,
    case a.atttypid
      when 'boolean'::regtype then 'boolean'
      when 'jsonb'::regtype then 'json'
      when 'numeric'::regtype then 'number'
      when 'integer'::regtype then 'integer'
      when 'bigint'::regtype then 'id'
      when 'interval'::regtype then 'interval'
      when 'numeric[]'::regtype then 'numbers'
      else 'text' end,
    w.words,
    a.attnotnull and c.name <> all (f.filled_columns),
    case
      when a.atttypmod > 4 and a.atttypid = 'numeric'::regtype then ((a.atttypmod - 4) >> 16) & 65535
      when a.atttypmod > 4 then a.atttypmod - 4 end,
    case when a.atttypmod > 4 and a.atttypid = 'numeric'::regtype then (a.atttypmod - 4) & 65535 end,
    nullif(regexp_replace(pg_get_expr(d.adbin, d.adrelid), E'^''?(.*?)''?(::[a-z ]+)?$', E'\\1'), 'NULL'),
    col_description(a.attrelid, a.attnum)
  from catalog.find_form(p_form) f
  cross join lateral unnest(case when p_is_new then f.new_columns else '{}' end || f.columns)
    with ordinality as c (name, place)
  join pg_catalog.pg_attribute a
    on a.attrelid = format('leadgen.%I', f.table_name)::regclass and a.attname = c.name
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  left join catalog.list_words(format('leadgen.%I', f.table_name)::regclass) w on w.name = c.name
  order by c.place;
$$;
comment on function catalog.list_form_fields(text, boolean) is
  'The fields of a form in order, as the table declares them. kind: boolean, integer, number, numbers, json, id, '
  'interval or text; most: characters of a text, digits of a number; usual: what a new row has where nothing is said; '
  'note: the comment.';

create or replace function catalog.list_form_choices(p_column text)
returns table (id bigint, name text)
language sql
stable
as $$
  select c.id, c.name
  from (
    select 'validation_policy_id' as of, p.id, p.name::text from leadgen.validation_policies p where p.is_active
    union all
    select 'routing_policy_id', p.id, p.name from leadgen.routing_policies p where p.is_active
    union all
    select 'pricing_policy_id', p.id, p.name from leadgen.pricing_policies p where p.is_active
    union all
    select 'payout_policy_id', p.id, p.name from leadgen.payout_policies p where p.is_active
    union all
    select 'market_id', m.id, m.name from leadgen.markets m where m.is_active
    union all
    select 'vertical_id', v.id, v.name from leadgen.verticals v where v.is_active
    union all
    select 'offer_id', o.id, o.name from leadgen.offers o where o.is_active
  ) c
  where c.of = p_column
  order by c.name collate "C", c.id
  limit 1000;
$$;
comment on function catalog.list_form_choices(text) is
  'What a column that names another row may name: active policies, markets, verticals, offers, by name, 1,000 at most.';

create or replace function catalog.read_form_fields(p_form text, p_fields jsonb, p_is_new boolean)
returns jsonb
language plpgsql
stable
as $$
declare
  v_unknown text;
begin
  if (jsonb_typeof(p_fields) = 'object') is not true then
    perform kernel.refuse('LG400', 'The fields are no object', 'fields', coalesce(jsonb_typeof(p_fields), 'nothing'),
      'an object of texts by column');
  end if;
  select k.key into v_unknown
  from jsonb_object_keys(p_fields) as k (key)
  where not exists (select from catalog.list_form_fields(p_form, p_is_new) f where f.name = k.key)
  limit 1;
  if found then
    perform kernel.refuse('LG400', 'The form has no such field', left(v_unknown, 50), 'a field', (
      select string_agg(f.name, ', ' order by f.place) from catalog.list_form_fields(p_form, p_is_new) f));
  end if;
  return (
    select coalesce(jsonb_object_agg(f.name,
      catalog.read_form_value(f.name, f.kind, f.words, f.is_required, f.most, f.scale, p_fields ->> f.name)), '{}')
    from catalog.list_form_fields(p_form, p_is_new) f
    where p_fields ? f.name);
end;
$$;
comment on function catalog.read_form_fields(text, jsonb, boolean) is
  'What was typed into a form, {column: text}, as values of the columns; an empty text is null. LG400 for a field that '
  'the form has not, LG423 with the field for a value that it cannot take.';

create or replace function catalog.read_form_value(
  p_name text,
  p_kind text,
  p_words text[],
  p_is_required boolean,
  p_most integer,
  p_scale integer,
  p_text text
)
returns jsonb
language plpgsql
stable
as $$
-- What is odd about a text is its length: the text itself may be an address, and refusals are logged.
declare
  v_text constant text := nullif(btrim(replace(p_text, E'\r', ''), E' \t\n'), '');
  v_whole constant integer := coalesce(p_most - p_scale, 12);
begin
  if v_text is null and p_is_required then
    perform kernel.refuse_value(p_name, 'nothing', 'a value');
  elsif v_text is null then
    return 'null';
  elsif p_words is not null then
    if v_text <> all (p_words) then
      perform kernel.refuse_choice(p_name, left(v_text, 50), v_text, p_words);
    end if;
  elsif p_kind = 'boolean' then
    if v_text not in ('yes', 'no') then
      perform kernel.refuse_value(p_name, kernel.count_of(length(v_text), 'character'), 'yes or no');
    end if;
    return to_jsonb(v_text = 'yes');
  elsif p_kind in ('integer', 'id') then
    if v_text !~ (case p_kind when 'id' then E'^[1-9][0-9]{0,17}$' else E'^-?[0-9]{1,9}$' end) then
      perform kernel.refuse_value(p_name, left(v_text, 50), 'a whole number of at most 9 digits');
    end if;
    return to_jsonb(v_text::bigint);
  elsif p_kind = 'number' then
    if v_text !~ format(E'^-?[0-9]{1,%s}([.][0-9]{1,%s})?$', v_whole, greatest(coalesce(p_scale, 6), 1)) then
      perform kernel.refuse_value(p_name, left(v_text, 50), format(
        'a number such as 45.50, of at most %s digits before the point and %s after it', v_whole,
        coalesce(p_scale, 6)));
    end if;
    return to_jsonb(v_text::numeric);
  elsif p_kind = 'json' then
    return catalog.read_form_json(p_name, v_text);
  elsif p_kind = 'interval' then
    return catalog.read_form_interval(p_name, v_text);
  elsif p_kind = 'numbers' then
    return catalog.read_form_numbers(p_name, v_text);
  elsif length(v_text) > p_most then
    perform kernel.refuse_value(p_name, kernel.count_of(length(v_text), 'character'), format('at most %s', p_most));
  end if;
  return to_jsonb(v_text);
end;
$$;
comment on function catalog.read_form_value(text, text, text[], boolean, integer, integer, text) is
  'One text of a form as the value of its column. LG423 with the field where it is none.';

create or replace function catalog.read_form_json(p_name text, p_text text)
returns jsonb
language plpgsql
immutable
as $$
begin
  if length(p_text) > 20000 then
    perform kernel.refuse_value(p_name, kernel.count_of(length(p_text), 'character'), 'JSON of at most 20000');
  end if;
  return p_text::jsonb;
exception
  when invalid_text_representation or untranslatable_character or numeric_value_out_of_range
    or statement_too_complex then
    perform kernel.refuse_value(p_name, kernel.count_of(length(p_text), 'character'), 'JSON');
    return null;
end;
$$;
comment on function catalog.read_form_json(text, text) is
  'The JSON that was typed into a field; LG423 where it is none.';

create or replace function catalog.read_form_interval(p_name text, p_text text)
returns jsonb
language plpgsql
stable
as $$
-- Whatever is kept for longer than there are times would stop what goes by it.
declare
  c_shape constant text :=
    '^([0-9]{1,5} (second|minute|hour|day|week|month|year)s? ?)*([0-9]{1,5}:[0-5][0-9](:[0-5][0-9])?)?$';
  v_interval interval;
begin
  begin
    v_interval := case when p_text ~ c_shape then p_text::interval end;
  exception
    when datetime_field_overflow or invalid_datetime_format or interval_field_overflow then
      null;
  end;
  if (v_interval <= interval '100 years') is not true then
    perform kernel.refuse_value(p_name, left(p_text, 50), 'a time of at most 100 years, such as 90 days or 10 minutes');
  end if;
  return to_jsonb(v_interval);
end;
$$;
comment on function catalog.read_form_interval(text, text) is
  'How long, as it was typed into a field: 90 days, 1 hour 30 minutes, 00:10:00. LG423 where it is none.';

create or replace function catalog.read_form_numbers(p_name text, p_text text)
returns jsonb
language plpgsql
immutable
as $$
begin
  if p_text !~ E'^[0-9]{1,9}([.][0-9]{1,3})?( *, *[0-9]{1,9}([.][0-9]{1,3})?){0,49}$' then
    perform kernel.refuse_value(p_name, kernel.count_of(length(p_text), 'character'),
      'at most 50 numbers, apart by commas: 60, 300');
  end if;
  return to_jsonb(regexp_split_to_array(p_text, ' *, *')::numeric[]);
end;
$$;
comment on function catalog.read_form_numbers(text, text) is
  'The numbers that were typed into a field, apart by commas. LG423 where they are none.';
