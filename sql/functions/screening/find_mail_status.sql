create or replace function leadgen.find_mail_status(p_domain text, p_now timestamptz)
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
comment on function leadgen.find_mail_status(text, timestamptz) is
  'What the resolver last said of a domain: has_mail or no_mail (believed for 24 hours), unknown (for 60 seconds); null: ask it.';
