-- A line of the bank is matched or ignored on a page of the console, too.
comment on column leadgen.bank_lines.decided_by is
  'Who matched or ignored it by hand: a login, or a user of the pages (user 5).';
