-- Who buys: 24 companies. Without webhook_url a buyer reads email; webhook secrets are made by trigger.
-- Invoiced buyers have a credit limit, prepaid ones a balance.
insert into leadgen.buyers (name, email, phone, webhook_url, email_notifications, balance, credit_limit)
values
  ('Lone Star Plumbing', 'dispatch@lonestarplumbing.example', '+15125550001', 'https://lonestarplumbing.example/leads', true, 0, 5000),
  ('South Congress Plumbing', 'office@soconplumbing.example', '+15125550002', 'https://soconplumbing.example/api/leads', true, 0, 5000),
  ('Hill Country Rooter', 'leads@hillcountryrooter.example', '+15125550003', null, true, 1500, null),
  ('Barton Creek Plumbing', 'hello@bartoncreekplumbing.example', '+15125550004', 'https://bartoncreek.example/webhook', false, 0, 3000),
  ('Capital Drain Co', 'jobs@capitaldrain.example', '+15125550005', 'https://capitaldrain.example/leads', true, 35, null),
  ('Bluebonnet Home Services', 'intake@bluebonnethome.example', '+15125550006', 'https://bluebonnethome.example/leads', false, 0, 20000),
  ('Travis Heating & Air', 'service@travisair.example', '+17375550007', 'https://travisair.example/leads', true, 0, 5000),
  ('Live Oak Roofing', 'sales@liveoakroofing.example', '+17375550008', 'https://liveoakroofing.example/in', true, 0, 8000),
  ('Pedernales Roof & Gutter', 'roofs@pedernales.example', '+17375550009', null, true, 2500, null),
  ('Bayshore Plumbing', 'dispatch@bayshoreplumbing.example', '+18135550010', 'https://bayshoreplumbing.example/leads', true, 0, 5000),
  ('Gulf Coast Home Services', 'ops@gulfcoasthome.example', '+18135550011', 'https://api.gulfcoasthome.example/v1/leads', true, 0, 10000),
  ('Ybor City Plumbing', 'office@yborplumbing.example', '+18135550012', null, true, 1200, null),
  ('Suncoast Roofing', 'leads@suncoastroofing.example', '+18135550013', 'https://suncoastroofing.example/leads', false, 0, 8000),
  ('Hillsborough Roof Pros', 'estimates@hillsroofpros.example', '+18135550014', 'https://hillsroofpros.example/leads', true, 0, 8000),
  ('Palmetto Storm Restoration', 'claims@palmettostorm.example', '+16565550015', 'https://palmettostorm.example/leads', true, 0, 8000),
  ('Seminole Heights Roofing', 'hello@shroofing.example', '+16565550016', null, true, 3000, null),
  ('Tampa Bay Air', 'dispatch@tampabayair.example', '+18135550017', 'https://tampabayair.example/leads', true, 0, 5000),
  ('Mile High Home Services', 'intake@milehighhome.example', '+13035550018', 'https://crm.milehighhome.example/leads', true, 0, 15000),
  ('Front Range Drain', 'office@frontrangedrain.example', '+13035550019', 'https://frontrangedrain.example/leads', true, 0, 5000),
  ('Arvada Plumbing Co', 'jobs@arvadaplumbing.example', '+13035550020', 'https://arvadaplumbing.example/in', false, 0, 5000),
  ('Rocky Mountain Roofing', 'leads@rmroofing.example', '+17205550021', 'https://rmroofing.example/hooks/leads', true, 0, 12000),
  ('Cherry Creek Exteriors', 'sales@cherrycreekexteriors.example', '+17205550022', null, true, 4000, null),
  ('Colfax Comfort', 'service@colfaxcomfort.example', '+17205550023', 'https://colfaxcomfort.example/leads', true, 0, 5000),
  ('Foothills Furnace', 'office@foothillsfurnace.example', '+17205550024', 'https://foothillsfurnace.example/leads', true, 0, 3000);
