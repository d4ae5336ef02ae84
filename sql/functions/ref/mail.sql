-- E-mail addresses, their domains, and what the DNS said of them.

create or replace function ref.normalize_email(p_email text)
returns text
language plpgsql
immutable strict parallel safe
as $$
begin
  return case
    when position('@' in p_email) = 0 then lower(p_email)
    else lower(left(p_email, length(p_email) - length(split_part(p_email, '@', -1))))
      || ref.normalize_domain(split_part(p_email, '@', -1))
  end;
end;
$$;
comment on function ref.normalize_email(text) is 'An address in lower case, its domain in ASCII (IDNA).';

create or replace function ref.read_email(p_text text)
returns text
language sql
immutable parallel safe
as $$
  select ref.normalize_email(ref.read_code(p_text));
$$;
comment on function ref.read_email(text) is
  'An address as somebody wrote it, as leads carry it: what looks the same is the same. Intake, suppression, erasure '
  'and search read by it.';

create or replace function ref.list_odd_in_addresses()
returns text
language sql
immutable parallel safe
as $$
  select ref.list_invisible()
    || E'\\u0080-\\u009f\\u0600-\\u0605\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u1680\\u2028\\u2029\\u2800'
    || E'\\ue000-\\uf8ff\\ufdd0-\\ufdef\\ufff9-\\uffff\\U000110bd\\U000110cd\\U00013430-\\U0001343f'
    || E'\\U00016fe4\\U0001d159\\U0001fffe\\U0001ffff\\U0002fffe\\U0002ffff\\U0003fffe-\\U0010ffff';
$$;
comment on function ref.list_odd_in_addresses() is
  'The characters that no e-mail address has, as the inside of a bracket expression: those that nobody sees '
  '(ref.list_invisible), format and control characters (Cf, Cc), blanks that are symbols, private and unused ones, and '
  'U+FFFD. Source: General_Category in Unicode''s UnicodeData.txt.';

create or replace function ref.is_email(p_email text, p_reading integer default 3)
returns boolean
language sql
immutable parallel safe
as $$
  select length(p_email) <= 200
    and p_email ~ E'^[^\\s@"(),:;<>\\[\\]\\\\\\ufffd[:cntrl:]]{1,64}'
      '@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$'
    and p_email !~ E'(^\\.|\\.\\.|\\.@)'
    and (octet_length(p_email) = length(p_email) or coalesce(p_reading, 0) < 3
      or p_email !~ ('[' || ref.list_odd_in_addresses() || ']'));
$$;
comment on function ref.is_email(text, integer) is
  'Whether a normalised address is well-formed: one @, a local part without quotes and '
  'characters that no address has, a domain with a dot. p_reading below 3: lost characters (U+FFFD) are the only such '
  'characters, as earlier leads were judged.';

create or replace function ref.was_email(p_email text)
returns boolean
language plpgsql
immutable strict parallel safe
as $$
begin
  return ref.is_email(replace(p_email, E'\ufffd', 'x'), null);
end;
$$;
comment on function ref.was_email(text) is
  'Whether an address was well-formed while lost characters (U+FFFD) were let pass; earlier leads (reading null) '
  'replay by it.';

create or replace function ref.normalize_domain(p_domain text)
returns text
language plpgsql
immutable strict parallel safe
as $$
begin
  if octet_length(p_domain) = length(p_domain) or length(p_domain) > 253
    or p_domain ~ (E'[^.]{64}|[' || ref.list_odd_in_addresses() || ']') then
    return lower(p_domain);
  end if;
  return (
    select string_agg(
      case
        when octet_length(label) = length(label) or length(label) > 63 then label
        else 'xn--' || ref.encode_punycode(label)
      end,
      '.' order by position)
    from regexp_split_to_table(lower(translate(normalize(p_domain, nfkc), E'\u3002', '.')), E'\\.') with ordinality
      as labels (label, position)
  );
end;
$$;
comment on function ref.normalize_domain(text) is
  'A domain in lower case and ASCII (IDNA): "Bücher.example" is xn--bcher-kva.example. What is too long to be a '
  'domain (label 63, all 253), or has a character that no address has, is only put into lower case.';

create or replace function ref.encode_punycode(p_label text)
returns text
language plpgsql
immutable strict parallel safe
as $$
-- RFC 3492, section 6.3, with the parameters of IDNA.
declare
  v_code_points constant integer[] := array(select ascii(c) from regexp_split_to_table(p_label, '') c);
  v_basic constant text := regexp_replace(p_label, E'[^\\u0001-\\u007f]', '', 'g');
  v_output text := case when v_basic = '' then '' else v_basic || '-' end;
  v_handled integer := length(v_basic);
  v_n integer := 128;
  v_delta integer := 0;
  v_bias integer := 72;
  v_next integer;
  v_code_point integer;
  v_q integer;
  v_t integer;
  v_k integer;
begin
  while v_handled < cardinality(v_code_points) loop
    v_next := (select min(c) from unnest(v_code_points) c where c >= v_n);
    v_delta := v_delta + (v_next - v_n) * (v_handled + 1);
    v_n := v_next;
    foreach v_code_point in array v_code_points loop
      if v_code_point < v_n then
        v_delta := v_delta + 1;
      elsif v_code_point = v_n then
        v_q := v_delta;
        v_k := 36;
        loop
          v_t := least(greatest(v_k - v_bias, 1), 26);
          exit when v_q < v_t;
          v_output := v_output || substr('abcdefghijklmnopqrstuvwxyz0123456789', v_t + (v_q - v_t) % (36 - v_t) + 1, 1);
          v_q := (v_q - v_t) / (36 - v_t);
          v_k := v_k + 36;
        end loop;
        v_output := v_output || substr('abcdefghijklmnopqrstuvwxyz0123456789', v_q + 1, 1);
        v_delta := case when v_handled = length(v_basic) then v_delta / 700 else v_delta / 2 end;
        v_delta := v_delta + v_delta / (v_handled + 1);
        v_k := 0;
        while v_delta > 455 loop
          v_delta := v_delta / 35;
          v_k := v_k + 36;
        end loop;
        v_bias := v_k + 36 * v_delta / (v_delta + 38);
        v_delta := 0;
        v_handled := v_handled + 1;
      end if;
    end loop;
    v_delta := v_delta + 1;
    v_n := v_n + 1;
  end loop;
  return v_output;
end;
$$;
comment on function ref.encode_punycode(text) is
  'One label of a domain in Punycode, without the prefix xn--. Source: RFC 3492.';

create or replace function ref.find_mail_status(p_domain text, p_now timestamptz)
returns text
language plpgsql
stable strict
as $$
-- That a resolver did not answer says little for long.
begin
  return (
    select m.status from leadgen.mail_domains m
    where m.domain = p_domain
      and m.checked_at > p_now - case m.status when 'unknown' then interval '60 seconds' else interval '24 hours' end
  );
end;
$$;
comment on function ref.find_mail_status(text, timestamptz) is
  'What the resolver last said of a domain: has_mail or no_mail (believed for 24 hours), unknown (for 60 seconds); '
  'null: ask it.';

create or replace function ref.record_mail_domain(p_domain text, p_status text)
returns void
language plpgsql
volatile
as $$
-- No answer does not overrule an answer that is still believed. Each call takes away two rows that are long out of
-- date, so the table does not grow with its history; it waits for no other call to do so.
declare
  v_domain constant text := ref.normalize_domain(p_domain);
  v_now constant timestamptz := leadgen.clock();
begin
  if ref.is_email('a@' || v_domain) is not true then
    perform kernel.refuse('LG400', 'The value is not a mail domain', 'domain', 'another value',
      'a domain such as example.com');
  end if;
  if p_status is null or p_status not in ('has_mail', 'no_mail', 'unknown') then
    perform kernel.refuse('LG400', 'There is no such status of a mail domain', 'status', 'another value',
      'has_mail, no_mail, unknown');
  end if;
  insert into leadgen.mail_domains as m (domain, status, checked_at)
  values (v_domain, p_status, v_now)
  on conflict (domain) do update set status = excluded.status, checked_at = excluded.checked_at
  where excluded.status <> 'unknown' or m.status = 'unknown' or m.checked_at <= v_now - interval '24 hours';

  delete from leadgen.mail_domains m
  where m.domain in (
    select old.domain from leadgen.mail_domains old
    where old.checked_at < v_now - interval '30 days'
    order by old.checked_at
    limit 2
    for update skip locked
  );
end;
$$;
comment on function ref.record_mail_domain(text, text) is 'The work of leadgen.record_mail_domain.';
