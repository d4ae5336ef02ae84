-- Mail providers whose addresses are one mailbox by more than a plus tag. Add rows here, or to the table: a deploy keeps rows of
-- your own, compiles all of them, and makes the index of mailboxes anew where they have changed. Only what a provider says itself
-- is here. No row is needed where only plus tags count, such as at outlook.com, hotmail.com and live.com: the plus is a tag
-- everywhere. docs/decisions/2026-11-30-one-mailbox.md says why, and what is left out.
--
-- Sources:
--   Gmail     dots do not count: support.google.com/mail/answer/7436150; googlemail.com is gmail.com: support.google.com/mail/answer/10313
--   Proton    proton.me, protonmail.com, protonmail.ch and pm.me, a name being one account's: proton.me/support/addresses-and-aliases;
--             . _ - do not count: removeEmailAlias of ProtonMail/WebClients, src/helpers/string.js
--   iCloud    icloud.com, me.com, mac.com: support.apple.com/118230
--   Yandex    a name at all its domains is one mailbox: yandex.com/support/id/authorization/email
--   Fastmail  anything@name.fastmail.com is name@fastmail.com: fastmail.help/hc/en-us/articles/360060591053
--   Yahoo     base-keyword, the hyphen being in no name: US patent application 2006/0041621; the base is no name of a mailbox:
--             help.yahoo.com, AddressGuard. yahoo.co.jp is another company's.
insert into leadgen.mail_providers (domain, mailbox_domain, ignored_marks, base_mark, has_subdomains)
values
  ('gmail.com', 'gmail.com', '.', null, false), ('googlemail.com', 'gmail.com', '.', null, false),
  ('proton.me', 'proton.me', '._-', null, false), ('protonmail.com', 'proton.me', '._-', null, false),
  ('protonmail.ch', 'proton.me', '._-', null, false), ('pm.me', 'proton.me', '._-', null, false),
  ('icloud.com', 'icloud.com', '', null, false), ('me.com', 'icloud.com', '', null, false), ('mac.com', 'icloud.com', '', null, false),
  ('yandex.ru', 'yandex.ru', '', null, false), ('ya.ru', 'yandex.ru', '', null, false), ('yandex.by', 'yandex.ru', '', null, false),
  ('yandex.com', 'yandex.ru', '', null, false), ('yandex.kz', 'yandex.ru', '', null, false), ('yandex.ua', 'yandex.ru', '', null, false),
  ('fastmail.com', 'fastmail.com', '', null, true), ('fastmail.fm', 'fastmail.fm', '', null, true),
  ('sent.com', 'sent.com', '', null, true),
  ('rocketmail.com', 'rocketmail.com', '', '-', false), ('yahoo.ca', 'yahoo.ca', '', '-', false),
  ('yahoo.co.id', 'yahoo.co.id', '', '-', false), ('yahoo.co.in', 'yahoo.co.in', '', '-', false),
  ('yahoo.co.kr', 'yahoo.co.kr', '', '-', false), ('yahoo.co.nz', 'yahoo.co.nz', '', '-', false),
  ('yahoo.co.th', 'yahoo.co.th', '', '-', false), ('yahoo.co.uk', 'yahoo.co.uk', '', '-', false),
  ('yahoo.co.za', 'yahoo.co.za', '', '-', false), ('yahoo.com', 'yahoo.com', '', '-', false),
  ('yahoo.com.ar', 'yahoo.com.ar', '', '-', false), ('yahoo.com.au', 'yahoo.com.au', '', '-', false),
  ('yahoo.com.br', 'yahoo.com.br', '', '-', false), ('yahoo.com.co', 'yahoo.com.co', '', '-', false),
  ('yahoo.com.hk', 'yahoo.com.hk', '', '-', false), ('yahoo.com.mx', 'yahoo.com.mx', '', '-', false),
  ('yahoo.com.my', 'yahoo.com.my', '', '-', false), ('yahoo.com.pe', 'yahoo.com.pe', '', '-', false),
  ('yahoo.com.ph', 'yahoo.com.ph', '', '-', false), ('yahoo.com.sg', 'yahoo.com.sg', '', '-', false),
  ('yahoo.com.tr', 'yahoo.com.tr', '', '-', false), ('yahoo.com.tw', 'yahoo.com.tw', '', '-', false),
  ('yahoo.com.ve', 'yahoo.com.ve', '', '-', false), ('yahoo.com.vn', 'yahoo.com.vn', '', '-', false),
  ('yahoo.cz', 'yahoo.cz', '', '-', false), ('yahoo.de', 'yahoo.de', '', '-', false), ('yahoo.dk', 'yahoo.dk', '', '-', false),
  ('yahoo.es', 'yahoo.es', '', '-', false), ('yahoo.fi', 'yahoo.fi', '', '-', false), ('yahoo.fr', 'yahoo.fr', '', '-', false),
  ('yahoo.gr', 'yahoo.gr', '', '-', false), ('yahoo.hu', 'yahoo.hu', '', '-', false), ('yahoo.ie', 'yahoo.ie', '', '-', false),
  ('yahoo.in', 'yahoo.in', '', '-', false), ('yahoo.it', 'yahoo.it', '', '-', false), ('yahoo.nl', 'yahoo.nl', '', '-', false),
  ('yahoo.no', 'yahoo.no', '', '-', false), ('yahoo.pl', 'yahoo.pl', '', '-', false), ('yahoo.pt', 'yahoo.pt', '', '-', false),
  ('yahoo.ro', 'yahoo.ro', '', '-', false), ('yahoo.se', 'yahoo.se', '', '-', false), ('ymail.com', 'ymail.com', '', '-', false)
on conflict (domain) do update set
  mailbox_domain = excluded.mailbox_domain, ignored_marks = excluded.ignored_marks, base_mark = excluded.base_mark,
  has_subdomains = excluded.has_subdomains
where (mail_providers.mailbox_domain, mail_providers.ignored_marks, mail_providers.base_mark, mail_providers.has_subdomains)
  is distinct from (excluded.mailbox_domain, excluded.ignored_marks, excluded.base_mark, excluded.has_subdomains);

select catalog.compile_mailboxes();
