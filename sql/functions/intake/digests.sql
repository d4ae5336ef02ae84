-- By what the submissions and posts of a sealed lead's person are found without the digest key.
--
-- The row of a sealed lead has digests in the place of its contact. A sealed submission, or a post that waits, keeps
-- hashes of the same digests for each e-mail and each phone in it. So an erasure in SQL finds them, and nobody who has
-- no key can tell whose they are.

create or replace function intake.hash_digest(p_digest text)
returns bytea
language sql
immutable strict parallel safe
as $$
  select intake.hash_trace('digest', split_part(split_part(p_digest, ' ', 1), '*', 1)) where p_digest <> '';
$$;
comment on function intake.hash_digest(text) is
  'One entry of digests: a hash of what a sealed lead has in the place of its phone or e-mail, without the mask.';

create or replace function intake.digest_lead(p_lead leadgen.leads)
returns bytea[]
language sql
immutable
as $$
  select case when p_lead.sealed is null then '{}'::bytea[]
    else array_remove(array[intake.hash_digest(p_lead.email), intake.hash_digest(p_lead.phone)], null) end;
$$;
comment on function intake.digest_lead(leadgen.leads) is
  'The digests of a sealed lead''s contact; a clear one has none.';

create or replace function intake.digest_contact(p_email text, p_phone text, p_key bytea)
returns bytea[]
language sql
immutable parallel safe
as $$
  select array_remove(array[
    intake.hash_digest(ref.seal_address(nullif(lower(p_email), ''), p_key)),
    intake.hash_digest(ref.seal_phone(p_phone, p_key))], null);
$$;
comment on function intake.digest_contact(text, text, bytea) is
  'The digests of an e-mail and a phone, as clear leads have them; null: none.';

create or replace function intake.digest_payload(p_payload jsonb, p_key bytea)
returns bytea[]
language plpgsql
stable
as $$
-- Null without a key. A phone is one of those that the intake reads, one with its country's code anywhere in the text,
-- or ten digits anywhere that may be a number of North America. Of a run of digits only its ends are taken.
declare
  c_ends constant integer := 40;
  v_text constant text := lower(ref.fold_marks(p_payload::text));
begin
  if p_key is null then
    return null;
  end if;
  return array(
    select intake.hash_digest(ref.seal_address(e.email, p_key))
    from (
      select ref.read_email(p_payload ->> 'email')
      union
      select l.email from intake.list_emails(v_text) l (email)
    ) e (email)
    where e.email <> ''
    union
    select intake.hash_digest(ref.seal_phone(p.phone, p_key))
    from (
      select l.phone from intake.list_phones(p_payload, intake.list_countries(p_payload)) l (phone)
      union
      select '+' || m[1]
      from regexp_matches(translate(v_text, ' ()-./', ''),
        '(?:[+]|(?<![0-9])00|(?<![0-9])011)([1-9][0-9]{7,14})(?![0-9])', 'g') m
      union
      select '+1' || substr(m[1], w.i, 10)
      from regexp_matches(translate(v_text, ' ()-./+', ''), '([0-9]{10,})', 'g') m
      cross join lateral generate_series(1, length(m[1]) - 9) w (i)
      where (w.i <= c_ends or w.i > length(m[1]) - 9 - c_ends) and substr(m[1], w.i, 10) ~ '^[2-9][0-9]{2}[2-9]'
    ) p (phone));
end;
$$;
comment on function intake.digest_payload(jsonb, bytea) is
  'The digests of each e-mail and each phone in a submission or a post, under the digest key.';

create or replace function intake.list_digested(p_digests bytea[])
returns setof bigint
language plpgsql
stable
as $$
begin
  return query
  select q.id from leadgen.intake_quarantine q where q.digests && p_digests and q.sealed is not null;
end;
$$;
comment on function intake.list_digested(bytea[]) is
  'The sealed submissions in quarantine that have one of these digests.';

create or replace function intake.can_find_copies(p_lead leadgen.leads)
returns boolean
language plpgsql
stable
as $$
-- A clear lead has no digests, and a submission that is clear, or was sealed by an earlier release, has none yet:
-- workers see to both.
begin
  return p_lead.erased_at is not null or not (select s.seals from leadgen.settings s)
    or (p_lead.sealed is not null
      and not exists (select from leadgen.intake_quarantine q where q.digests is null and q.payload <> '{}'));
end;
$$;
comment on function intake.can_find_copies(leadgen.leads) is
  'Whether all submissions of a lead''s person are found in quarantine without the digest key.';
