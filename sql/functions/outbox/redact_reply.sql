create or replace function leadgen.redact_reply(p_reply text, p_personal text[] default '{}')
returns text
language plpgsql
immutable
as $$
-- What is kept is evidence of what went wrong, not a second copy of the person: receivers echo what they were sent, and
-- their error pages show tokens. Rather too much is struck out than too little. Struck out first and cut then: a half is
-- no longer recognised.
declare
  c_kept constant integer := 500;
  c_read constant integer := 1000;
  v_reply text := case when length(p_reply) > c_read then regexp_replace(left(p_reply, c_read), '[[:alnum:]]+$', '') else p_reply end;
begin
  if v_reply ~* '@|%40|\d[\d ().-]{5,}\d|[a-z0-9+/_=]{32,}|secret|token|passw|bearer|basic|api.?key|authorization|cookie|session' then
    v_reply := regexp_replace(v_reply, '[[:alnum:]._%+''-]+(@|%40)[[:alnum:]-]+(\.[[:alnum:]-]+)*', '[e-mail]', 'gi');
    v_reply := regexp_replace(v_reply, '\m(bearer|basic)\s+[^\s"'',;<>]+', '\1 [secret]', 'gi');
    v_reply := regexp_replace(v_reply,
      '([\w-]*(?:secret|token|passw|api.?key|authorization|cookie|session)[\w-]*["'']?\s*[:=]\s*["'']?)(?!bearer|basic)[^\s"'',;&<>}]+',
      '\1[secret]', 'gi');
    v_reply := regexp_replace(v_reply, '[a-z0-9+/_=]{32,}', '[secret]', 'gi');
    v_reply := regexp_replace(v_reply, '\+?\(?\d[\d ().-]{5,}\d', '[number]', 'g');
  end if;
  return left(leadgen.strike_out_words(v_reply, p_personal), c_kept);
end;
$$;
comment on function leadgen.redact_reply(text, text[]) is
  'The first 500 characters of a receiver''s answer without these words, addresses, phone numbers, secrets and long numbers.';
