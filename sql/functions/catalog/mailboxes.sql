-- Mailboxes: the rows of mail providers compiled into a function of ref, once a deploy, and the index that is of it.

create or replace function catalog.compile_mailboxes()
returns void
language plpgsql
volatile
as $$
-- An index of a function is right only as long as the function is the same: its comment says of which body it is, and
-- comes and goes with it. The planner knows mailboxes once the table is analyzed; an empty one that is analyzed would
-- mislead it.
declare
  c_mailbox constant text := 'ref.fold_mailbox(email)';
  c_index constant text := 'leadgen.idx_leads_mailbox';
  v_body text;
begin
  perform catalog.check_mail_providers();
  perform catalog.replace_body('ref.fold_mailbox(text)', catalog.write_mailbox_fold());
  v_body := format('of ref.fold_mailbox %s', md5(pg_get_functiondef('ref.fold_mailbox(text)'::regprocedure)));
  if obj_description(to_regclass(c_index), 'pg_class') = v_body then
    return;
  end if;
  execute concat(
    'drop index ' || to_regclass(c_index) || '; ',
    format('create index idx_leads_mailbox on leadgen.leads (%1$s, created_at desc) where %1$s <> email; ', c_mailbox),
    format('comment on index %s is %L', c_index, v_body),
    (select '; analyze leadgen.leads' from leadgen.leads l limit 1));
end;
$$;
comment on function catalog.compile_mailboxes() is
  'Writes the body of ref.fold_mailbox from leadgen.mail_providers and, where it has changed, makes the index of '
  'leads by their mailbox anew; run by each deploy. It has the leads whose address is not their mailbox''s: the others '
  'are found by their e-mail. LG423 with the row that cannot be meant.';

create or replace function catalog.write_mailbox_fold()
returns text
language plpgsql
stable
as $$
-- What is before the plus decides. A sealed address names its mailbox itself (ref.seal_email). Where nothing is left of
-- the name the address stays as it is. PL/pgSQL prepares each expression anew in each transaction, so there are few.
declare
  c_parent constant text := E'substr(v_domain, position(\'.\' in v_domain) + 1)';
begin
  return format($sql$
declare
  v_domain constant text := split_part(p_email, '@', 2);
  v_name constant text := split_part(split_part(p_email, '@', 1), '+', 1);
begin
  return case
    when p_email like '#%%' and p_email ~ '^#[A-Za-z0-9+/]{24} ' then
      coalesce('#' || nullif(split_part(p_email, '|#', 2), ''), p_email)
    when v_name = '' or v_domain = '' or p_email like '%%@%%@%%' then p_email%s
    else v_name || '@' || v_domain
  end;
end;
$sql$, (
    select string_agg(
      format(E'\n    when %s in (%s) then %s', f.folded, f.domains, f.mailbox), '' order by f.place, f.domains)
    from (
      select 1 as place, 'v_domain' as folded,
        string_agg(quote_literal(p.domain), ', ' order by p.domain) as domains,
        case p.ignored_marks
          when '' then format('v_name || %L', '@' || p.mailbox_domain)
          else format('coalesce(nullif(translate(v_name, %L, %L), %L) || %L, p_email)',
            p.ignored_marks, '', '', '@' || p.mailbox_domain)
        end as mailbox
      from leadgen.mail_providers p
      where p.base_mark is null and not p.has_subdomains
      group by p.mailbox_domain, p.ignored_marks
      union all
      select 2, 'v_domain', string_agg(quote_literal(p.domain), ', ' order by p.domain),
        format('case when position(%1$L in v_name) > 1 then split_part(v_name, %1$L, 1) || %1$L else v_name end '
          '|| ''@'' || v_domain', p.base_mark)
      from leadgen.mail_providers p
      where p.base_mark is not null
      group by p.base_mark
      union all
      select 3, c_parent, string_agg(quote_literal(p.domain), ', ' order by p.domain),
        format('coalesce(nullif(split_part(v_domain, ''.'', 1), %L) || ''@'' || %s, p_email)', '', c_parent)
      from leadgen.mail_providers p
      where p.has_subdomains
      having count(*) > 0
    ) f));
end;
$$;
comment on function catalog.write_mailbox_fold() is
  'The body of ref.fold_mailbox as the rows of leadgen.mail_providers make it.';

create or replace function catalog.check_mail_providers()
returns void
language plpgsql
stable
as $$
-- A mailbox is its own mailbox: folding it again changes nothing. So the domain that names the mailboxes of others has
-- their rule, and a row has one of the three rules.
declare
  v_fault record;
begin
  select x.name, x.value, x.allowed into v_fault
  from (
    select 'mail_providers.domain' as name, p.domain as value,
      'a mail domain in small letters, e.g. gmail.com' as allowed
    from leadgen.mail_providers p where ref.is_email('a@' || p.domain, 3) is not true
    union all
    select 'mail_providers.mailbox_domain', p.mailbox_domain,
      'a domain with a row of its own, the same ignored_marks and base_mark, and itself as mailbox_domain'
    from leadgen.mail_providers p
    where not exists (
      select from leadgen.mail_providers m
      where m.domain = p.mailbox_domain and m.mailbox_domain = m.domain and m.ignored_marks = p.ignored_marks
        and m.base_mark is not distinct from p.base_mark)
    union all
    select 'mail_providers.ignored_marks', p.ignored_marks, 'some of . _ -'
    from leadgen.mail_providers p where p.ignored_marks !~ '^[._-]*$'
    union all
    select 'mail_providers.base_mark', p.base_mark, 'one of . _ - or null'
    from leadgen.mail_providers p where p.base_mark !~ '^[._-]$'
    union all
    select 'mail_providers.base_mark', p.base_mark,
      'null where mailbox_domain is another domain, ignored_marks has a character or has_subdomains is true'
    from leadgen.mail_providers p
    where p.base_mark is not null and (p.mailbox_domain <> p.domain or p.ignored_marks <> '' or p.has_subdomains)
    union all
    select 'mail_providers.has_subdomains', 'true',
      'false where mailbox_domain is another domain or ignored_marks has a character'
    from leadgen.mail_providers p
    where p.has_subdomains and (p.mailbox_domain <> p.domain or p.ignored_marks <> '')
    union all
    select 'mail_providers.has_subdomains', 'true', format('false, for %s is a subdomain of %s', p.domain, m.domain)
    from leadgen.mail_providers p
    join leadgen.mail_providers m on m.domain = substr(p.domain, position('.' in p.domain) + 1)
    where p.has_subdomains and m.has_subdomains
  ) x
  order by x.name, x.value
  limit 1;
  if found then
    perform catalog.refuse_row(v_fault.name, v_fault.value, v_fault.allowed);
  end if;
end;
$$;
comment on function catalog.check_mail_providers() is
  'Raises LG423 for the first row of leadgen.mail_providers by which one mailbox would have two names.';
