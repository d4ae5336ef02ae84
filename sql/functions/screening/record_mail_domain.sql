create or replace function leadgen.record_mail_domain(p_domain text, p_status text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
-- No answer does not overrule an answer that is still believed. Each call takes away two rows that are long out of date,
-- so the table does not grow with its history; it waits for no other call to do so.
declare
  v_domain constant text := leadgen.normalize_domain(p_domain);
  v_now constant timestamptz := leadgen.clock();
begin
  if leadgen.is_email('a@' || v_domain) is not true then
    perform leadgen.refuse('LG400', 'Not a mail domain', 'domain', 'something else', 'a domain such as example.com');
  end if;
  if p_status is null or p_status not in ('has_mail', 'no_mail', 'unknown') then
    perform leadgen.refuse('LG400', 'Not a status of a mail domain', 'status', 'something else', 'has_mail, no_mail, unknown');
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
comment on function leadgen.record_mail_domain(text, text) is
  'Keeps what a resolver said of a domain now: has_mail, no_mail, unknown (it did not answer). Raises LG400 for anything else.';
