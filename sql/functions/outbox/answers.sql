-- Answers of receivers: what they mean and what is kept of them.

create or replace function outbox.judge_answer(
  p_status integer,
  p_reply text,
  p_rules kernel.response_rule[],
  out outcome text,
  out reason text,
  out error_class text
)
language plpgsql
immutable
as $$
-- The buyer's own rules come first, the first that holds decides. Without them a 2xx may say in JSON that the lead is
-- accepted or rejected, 409 says that the receiver has it already, 410 that it wants no more. The answers of a batch
-- are judged in one statement: one that raises is unknown, and its neighbours are judged.
declare
  v_is_success constant boolean := p_status between 200 and 299;
  v_has_word constant boolean := v_is_success and p_reply ~* 'accepted|rejected';
  v_body jsonb;
  v_document jsonb;
  v_word text;
begin
  error_class := case
    when v_is_success then null
    when p_status between 300 and 399 then 'redirect'
    when p_status = 410 then 'gone'
    when p_status between 400 and 499 then 'http_4xx'
    when p_status between 500 and 599 then 'http_5xx'
    else 'protocol'
  end;
  if p_rules is not null or v_has_word then
    v_body := outbox.parse_reply(p_reply);
  end if;

  if p_rules is not null then
    v_document := jsonb_build_object('status', p_status, 'text', coalesce(left(p_reply, 2000), ''), 'body',
      case when length(p_reply) <= 2000 then v_body else outbox.cut_texts(v_body) end);
    select r.outcome, coalesce(r.reason, 'by the buyer''s response_rules') into outcome, reason
    from unnest(p_rules) with ordinality as r (tests, outcome, reason, position)
    where not exists (select from unnest(r.tests) t where (v_document @@ t.path) is not true)
    order by r.position
    limit 1;
    if found then
      if outcome in ('delivered', 'accepted', 'rejected') then
        error_class := null;
      end if;
      return;
    end if;
  end if;

  if v_has_word and v_body is null and ref.has_huge_number(p_reply) then
    outcome := 'unknown';
    reason := 'the answer could not be judged: it has a number of more than 40 digits, or with an exponent of three';
    error_class := 'protocol';
  elsif v_is_success then
    v_word := lower(ref.read_word(v_body, 'status'));
    outcome := case when v_word in ('accepted', 'rejected') then v_word else 'delivered' end;
    reason := case when v_word = 'rejected' then coalesce(ref.read_word(v_body, 'reason'), '') end;
  elsif p_status = 409 then
    outcome := 'delivered';
    error_class := null;
  else
    outcome := case when p_status = 410 then 'gone' else 'failed' end;
    reason := coalesce('HTTP ' || p_status, 'no status');
  end if;
exception
  when data_exception or program_limit_exceeded or internal_error then -- classes 22, 54 and XX
    outcome := 'unknown';
    reason := 'the answer could not be judged: ' || sqlstate;
    error_class := 'protocol';
end;
$$;
comment on function outbox.judge_answer(integer, text, kernel.response_rule[]) is
  'What a webhook''s answer means: delivered, accepted, rejected, gone, failed, refused or, when it cannot '
  'be judged, unknown; why, and what kind of trouble it is.';

create or replace function outbox.cut_texts(p_body jsonb, p_depth integer default 0)
returns jsonb
language plpgsql
immutable
as $$
-- A buyer's patterns were tried on 2,000 characters when they were written, and a condition on body.x looks at every
-- entry of a list. What is longer could hold up the results of all buyers.
declare
  c_most constant integer := 2000;
  c_deepest constant integer := 20;
  v_cut jsonb := '[]';
  v_length integer := 0;
  v_item jsonb;
begin
  if p_body is null or length(p_body::text) <= c_most then
    return p_body;
  elsif jsonb_typeof(p_body) not in ('array', 'object') then
    return to_jsonb(left(p_body #>> '{}', c_most));
  elsif p_depth = c_deepest then
    return null;
  elsif jsonb_typeof(p_body) = 'object' then
    return (
      select jsonb_object_agg(m.key, case
        when length(m.value::text) <= c_most then m.value else outbox.cut_texts(m.value, p_depth + 1) end)
      from jsonb_each(p_body) m
    );
  end if;
  for v_item in
    select e.value from jsonb_array_elements(p_body) with ordinality as e (value, place) order by e.place
  loop
    v_item := coalesce(outbox.cut_texts(v_item, p_depth + 1), 'null');
    v_length := v_length + length(v_item::text);
    exit when v_length > c_most and v_cut <> '[]';
    v_cut := v_cut || jsonb_build_array(v_item);
  end loop;
  return v_cut;
end;
$$;
comment on function outbox.cut_texts(jsonb, integer) is
  'The JSON of an answer as response rules look at it: each text cut to 2,000 characters, a list after as many of its '
  'entries as these hold, but at least one; nothing of what is longer and nested in 20 others.';

create or replace function outbox.is_plain(p_status integer, p_reply text, p_rules kernel.response_rule[])
returns boolean
language sql
immutable
as $$
-- An expression, so that it is inlined; p_rules may be null, and so may the rest.
  select p_status between 200 and 299 and p_rules is null and coalesce(p_reply, '') !~* 'accepted|rejected';
$$;
comment on function outbox.is_plain(integer, text, kernel.response_rule[]) is
  'Whether an answer is a success that says nothing else: judge_answer would find it delivered.';

create or replace function outbox.parse_reply(p_reply text)
returns jsonb
language plpgsql
immutable
as $$
-- A receiver writes what it likes, and what it wrote may be cut: what is no JSON is text. Some begin with a byte order
-- mark, and jsonb has no NUL. What is judged is what is cast: without a NUL two halves may be one number. The block
-- writes nothing, so it takes no transaction id.
declare
  v_text constant text := replace(ltrim(p_reply, E'\uFEFF'), E'\\u0000', '');
begin
  return case when not ref.has_huge_number(v_text) then v_text::jsonb end;
exception
  when data_exception or program_limit_exceeded then -- classes 22 and 54: no JSON, or none that jsonb can hold
    return null;
end;
$$;
comment on function outbox.parse_reply(text) is
  'The JSON that a receiver answered; null: it is none, or has a number that nobody means.';

create or replace function outbox.redact_reply(p_reply text, p_personal text[] default '{}')
returns text
language plpgsql
immutable
as $$
-- What is kept is evidence of what went wrong, not a second copy of the person: receivers echo what they were sent, and
-- their error pages show tokens. Rather too much is struck out than too little. Struck out first and cut then: a half
-- is no longer recognised.
declare
  c_kept constant integer := 500;
  c_read constant integer := 1000;
  c_words constant text := 'secret|token|passw|api.?key|authorization|cookie|session';
  c_signs constant text := E'@|%40|\\d[\\d ().-]{5,}\\d|[a-z0-9+/_=]{32,}|bearer|basic|' || c_words;
  v_reply text := case when length(p_reply) > c_read then
    regexp_replace(left(p_reply, c_read), '[[:alnum:]]+$', '') else p_reply end;
begin
  if v_reply ~* c_signs then
    v_reply := regexp_replace(v_reply, E'[[:alnum:]._%+''-]+(@|%40)[[:alnum:]-]+(\\.[[:alnum:]-]+)*', '[e-mail]', 'gi');
    v_reply := regexp_replace(v_reply, E'\\m(bearer|basic)\\s+[^\\s"'',;<>]+', E'\\1 [secret]', 'gi');
    v_reply := regexp_replace(v_reply,
      E'([\\w-]*(?:' || c_words || E')[\\w-]*["'']?\\s*[:=]\\s*["'']?)(?!bearer|basic)[^\\s"'',;&<>}]+',
      E'\\1[secret]', 'gi');
    v_reply := regexp_replace(v_reply, '[a-z0-9+/_=]{32,}', '[secret]', 'gi');
    v_reply := regexp_replace(v_reply, E'\\+?\\(?\\d[\\d ().-]{5,}\\d', '[number]', 'g');
  end if;
  return left(outbox.strike_out_words(v_reply, p_personal), c_kept);
end;
$$;
comment on function outbox.redact_reply(text, text[]) is
  'The first 500 characters of a receiver''s answer without these words, '
  'addresses, phone numbers, secrets and long numbers.';

create or replace function outbox.strike_out_words(p_text text, p_personal text[])
returns text
language plpgsql
immutable
as $$
-- Word by word, because a receiver that echoes a person's text escapes, cuts and wraps it. Of long texts only the
-- longer words count, and only where there is room for more than a remark; of an address what stands before the @.
-- The answer's words are looked for, not the person's: there are fewer of them.
declare
  c_long constant integer := 60;
  v_text text := p_text;
  v_escape text;
  v_short text; -- the words of short texts, each between spaces
  v_long text;
begin
  select
    lower(regexp_replace(
      ' ' || string_agg(t.kept, ' ') filter (where not t.is_long) || ' ', '[^[:alnum:]]+', ' ', 'g')),
    lower(regexp_replace(
      ' ' || string_agg(t.kept, ' ') filter (where t.is_long) || ' ', '[^[:alnum:]]+', ' ', 'g'))
  into v_short, v_long
  from (
    select left(regexp_replace(p.text, E'^(\\S+)@\\S+$', E'\\1'), 2000) as kept, length(p.text) > c_long as is_long
    from unnest(p_personal) as p (text)
    where p.text <> '' and (length(p.text) <= c_long or length(p_text) > c_long)
  ) t;
  if p_text = '' or (v_short is null and v_long is null) then
    return p_text;
  end if;
  if strpos(v_text, E'\\') > 0 then
    for v_escape in
      select distinct m[1]
      from regexp_matches(v_text, E'\\\\u([0-9a-fA-F]{4})', 'g') m
      where m[1] !~* '^(0000|d[89a-f]..)$'
    loop
      v_text := replace(v_text, E'\\u' || v_escape, chr(('x' || v_escape)::bit(16)::integer));
    end loop;
    v_text := regexp_replace(v_text, E'\\\\[nrt]', ' ', 'g');
  end if;
  v_text := (
    select string_agg(
      case
        when length(w.word) > 1 and strpos(v_short, ' ' || lower(w.word) || ' ') > 0 then '[personal]'
        when length(w.word) > 4 and strpos(v_long, ' ' || lower(w.word) || ' ') > 0 then '[personal]'
        else w.word
      end, '' order by w.place)
    from (
      select t.part[1] as word, t.place
      from regexp_matches(v_text, '[[:alnum:]]+|[^[:alnum:]]+', 'g') with ordinality as t (part, place)
    ) w);
  return regexp_replace(v_text, E'\\[personal\\](?:[ .,;+''-]{1,2}\\[personal\\])+', '[personal]', 'g');
end;
$$;
comment on function outbox.strike_out_words(text, text[]) is
  'A text with [personal] in place of each word of these names, addresses and messages.';
