-- How people write places, beside the codes themselves. Add rows here, or to the tables: a deploy keeps rows of your own,
-- compiles all of them, and makes the stored keys of cities anew. Words are small letters without accents and marks; names of
-- countries and regions have no blanks either. The names of countries are those of the package phonenumbers.
insert into leadgen.city_words (word, meaning, is_first)
values
  ('bch', 'beach', false), ('crk', 'creek', false), ('ctr', 'center', false), ('cty', 'city', false), ('cy', 'city', false),
  ('fls', 'falls', false), ('ft', 'fort', false), ('gdns', 'gardens', false), ('hbr', 'harbor', false), ('hgts', 'heights', false),
  ('hls', 'hills', false), ('hts', 'heights', false), ('jct', 'junction', false), ('lk', 'lake', false), ('mt', 'mount', false),
  ('mtn', 'mountain', false), ('pk', 'park', false), ('sankt', 'saint', false), ('spg', 'spring', false), ('spgs', 'springs', false),
  ('sprgs', 'springs', false), ('st', 'saint', false), ('ste', 'sainte', false), ('twp', 'township', false), ('vlg', 'village', false),
  ('vly', 'valley', false), ('e', 'east', true), ('n', 'north', true), ('no', 'north', true), ('s', 'south', true),
  ('so', 'south', true), ('w', 'west', true)
on conflict (word) do update set meaning = excluded.meaning, is_first = excluded.is_first
where (city_words.meaning, city_words.is_first) is distinct from (excluded.meaning, excluded.is_first);

insert into leadgen.country_names (name, country_code)
values
  ('andorra', 'AD'), ('uae', 'AE'), ('unitedarabemirates', 'AE'), ('afghanistan', 'AF'), ('antiguaandbarbuda', 'AG'), ('anguilla', 'AI'),
  ('albania', 'AL'), ('armenia', 'AM'), ('netherlandsantilles', 'AN'), ('angola', 'AO'), ('antarctica', 'AQ'), ('argentina', 'AR'),
  ('americansamoa', 'AS'), ('austria', 'AT'), ('autriche', 'AT'), ('osterreich', 'AT'), ('aus', 'AU'), ('australia', 'AU'),
  ('australie', 'AU'), ('australien', 'AU'), ('aruba', 'AW'), ('alandislands', 'AX'), ('azerbaijan', 'AZ'),
  ('bosniaandherzegovina', 'BA'), ('barbados', 'BB'), ('bangladesh', 'BD'), ('belgica', 'BE'), ('belgien', 'BE'), ('belgio', 'BE'),
  ('belgique', 'BE'), ('belgium', 'BE'), ('burkinafaso', 'BF'), ('bulgaria', 'BG'), ('bahrain', 'BH'), ('burundi', 'BI'),
  ('benin', 'BJ'), ('saintbarthelemy', 'BL'), ('bermuda', 'BM'), ('brunei', 'BN'), ('bolivia', 'BO'),
  ('bonairesinteustatiusandsaba', 'BQ'), ('brasil', 'BR'), ('brasile', 'BR'), ('brasilien', 'BR'), ('brazil', 'BR'), ('bresil', 'BR'),
  ('bahamas', 'BS'), ('bhutan', 'BT'), ('bouvetisland', 'BV'), ('botswana', 'BW'), ('belarus', 'BY'), ('belize', 'BZ'), ('can', 'CA'),
  ('canada', 'CA'), ('kanada', 'CA'), ('cocosislands', 'CC'), ('thedemocraticrepublicofcongo', 'CD'), ('centralafricanrepublic', 'CF'),
  ('congo', 'CG'), ('schweiz', 'CH'), ('suica', 'CH'), ('suisse', 'CH'), ('suiza', 'CH'), ('svizzera', 'CH'), ('switzerland', 'CH'),
  ('cotedivoire', 'CI'), ('ivorycoast', 'CI'), ('cookislands', 'CK'), ('chile', 'CL'), ('cameroon', 'CM'), ('china', 'CN'),
  ('colombia', 'CO'), ('costarica', 'CR'), ('cuba', 'CU'), ('capeverde', 'CV'), ('curacao', 'CW'), ('christmasisland', 'CX'),
  ('cyprus', 'CY'), ('czechrepublic', 'CZ'), ('alemanha', 'DE'), ('alemania', 'DE'), ('allemagne', 'DE'), ('deu', 'DE'),
  ('deutschland', 'DE'), ('germania', 'DE'), ('germany', 'DE'), ('djibouti', 'DJ'), ('denmark', 'DK'), ('dominica', 'DM'),
  ('dominicanrepublic', 'DO'), ('algeria', 'DZ'), ('ecuador', 'EC'), ('estonia', 'EE'), ('egypt', 'EG'), ('westernsahara', 'EH'),
  ('eritrea', 'ER'), ('esp', 'ES'), ('espagne', 'ES'), ('espana', 'ES'), ('espanha', 'ES'), ('spagna', 'ES'), ('spain', 'ES'),
  ('spanien', 'ES'), ('ethiopia', 'ET'), ('finland', 'FI'), ('fiji', 'FJ'), ('falklandislands', 'FK'), ('micronesia', 'FM'),
  ('faroeislands', 'FO'), ('fra', 'FR'), ('franca', 'FR'), ('france', 'FR'), ('francia', 'FR'), ('frankreich', 'FR'), ('gabon', 'GA'),
  ('britain', 'GB'), ('england', 'GB'), ('gbr', 'GB'), ('greatbritain', 'GB'), ('northernireland', 'GB'), ('regnounito', 'GB'),
  ('reinounido', 'GB'), ('royaumeuni', 'GB'), ('scotland', 'GB'), ('uk', 'GB'), ('unitedkingdom', 'GB'), ('vereinigteskonigreich', 'GB'),
  ('wales', 'GB'), ('grenada', 'GD'), ('georgia', 'GE'), ('frenchguiana', 'GF'), ('guernsey', 'GG'), ('ghana', 'GH'),
  ('gibraltar', 'GI'), ('greenland', 'GL'), ('gambia', 'GM'), ('guinea', 'GN'), ('guadeloupe', 'GP'), ('equatorialguinea', 'GQ'),
  ('greece', 'GR'), ('southgeorgiaandthesouthsandwichislands', 'GS'), ('guatemala', 'GT'), ('guam', 'GU'), ('guineabissau', 'GW'),
  ('guyana', 'GY'), ('hongkong', 'HK'), ('heardislandandmcdonaldislands', 'HM'), ('honduras', 'HN'), ('croatia', 'HR'), ('haiti', 'HT'),
  ('hungary', 'HU'), ('indonesia', 'ID'), ('ireland', 'IE'), ('irl', 'IE'), ('irland', 'IE'), ('irlanda', 'IE'), ('irlande', 'IE'),
  ('republicofireland', 'IE'), ('israel', 'IL'), ('isleofman', 'IM'), ('india', 'IN'), ('britishindianoceanterritory', 'IO'),
  ('iraq', 'IQ'), ('iran', 'IR'), ('iceland', 'IS'), ('ita', 'IT'), ('italia', 'IT'), ('italie', 'IT'), ('italien', 'IT'),
  ('italy', 'IT'), ('jersey', 'JE'), ('jamaica', 'JM'), ('jordan', 'JO'), ('japan', 'JP'), ('kenya', 'KE'), ('kyrgyzstan', 'KG'),
  ('cambodia', 'KH'), ('kiribati', 'KI'), ('comoros', 'KM'), ('saintkittsandnevis', 'KN'), ('northkorea', 'KP'), ('southkorea', 'KR'),
  ('kuwait', 'KW'), ('caymanislands', 'KY'), ('kazakhstan', 'KZ'), ('laos', 'LA'), ('lebanon', 'LB'), ('saintlucia', 'LC'),
  ('liechtenstein', 'LI'), ('srilanka', 'LK'), ('liberia', 'LR'), ('lesotho', 'LS'), ('lithuania', 'LT'), ('luxembourg', 'LU'),
  ('latvia', 'LV'), ('libya', 'LY'), ('morocco', 'MA'), ('monaco', 'MC'), ('moldova', 'MD'), ('montenegro', 'ME'), ('saintmartin', 'MF'),
  ('madagascar', 'MG'), ('marshallislands', 'MH'), ('macedonia', 'MK'), ('mali', 'ML'), ('myanmar', 'MM'), ('mongolia', 'MN'),
  ('macao', 'MO'), ('northernmarianaislands', 'MP'), ('martinique', 'MQ'), ('mauritania', 'MR'), ('montserrat', 'MS'), ('malta', 'MT'),
  ('mauritius', 'MU'), ('maldives', 'MV'), ('malawi', 'MW'), ('messico', 'MX'), ('mex', 'MX'), ('mexico', 'MX'), ('mexiko', 'MX'),
  ('mexique', 'MX'), ('malaysia', 'MY'), ('mozambique', 'MZ'), ('namibia', 'NA'), ('newcaledonia', 'NC'), ('niger', 'NE'),
  ('norfolkisland', 'NF'), ('nigeria', 'NG'), ('nicaragua', 'NI'), ('holanda', 'NL'), ('holland', 'NL'), ('netherlands', 'NL'),
  ('niederlande', 'NL'), ('nld', 'NL'), ('paesibassi', 'NL'), ('paysbas', 'NL'), ('thenetherlands', 'NL'), ('norway', 'NO'),
  ('nepal', 'NP'), ('nauru', 'NR'), ('niue', 'NU'), ('neuseeland', 'NZ'), ('newzealand', 'NZ'), ('nouvellezelande', 'NZ'),
  ('novazelandia', 'NZ'), ('nuevazelanda', 'NZ'), ('nuovazelanda', 'NZ'), ('oman', 'OM'), ('panama', 'PA'), ('peru', 'PE'),
  ('frenchpolynesia', 'PF'), ('papuanewguinea', 'PG'), ('philippines', 'PH'), ('pakistan', 'PK'), ('poland', 'PL'), ('polen', 'PL'),
  ('pologne', 'PL'), ('polonia', 'PL'), ('saintpierreandmiquelon', 'PM'), ('pitcairn', 'PN'), ('portorico', 'PR'), ('pri', 'PR'),
  ('puertorico', 'PR'), ('palestine', 'PS'), ('portogallo', 'PT'), ('portugal', 'PT'), ('palau', 'PW'), ('paraguay', 'PY'),
  ('qatar', 'QA'), ('reunion', 'RE'), ('romania', 'RO'), ('serbia', 'RS'), ('russia', 'RU'), ('rwanda', 'RW'), ('saudiarabia', 'SA'),
  ('solomonislands', 'SB'), ('seychelles', 'SC'), ('sudan', 'SD'), ('sweden', 'SE'), ('singapore', 'SG'), ('sainthelena', 'SH'),
  ('slovenia', 'SI'), ('svalbardandjanmayen', 'SJ'), ('slovakia', 'SK'), ('sierraleone', 'SL'), ('sanmarino', 'SM'), ('senegal', 'SN'),
  ('somalia', 'SO'), ('suriname', 'SR'), ('southsudan', 'SS'), ('saotomeandprincipe', 'ST'), ('elsalvador', 'SV'),
  ('sintmaartendutchpart', 'SX'), ('syria', 'SY'), ('swaziland', 'SZ'), ('turksandcaicosislands', 'TC'), ('chad', 'TD'),
  ('frenchsouthernterritories', 'TF'), ('togo', 'TG'), ('thailand', 'TH'), ('tajikistan', 'TJ'), ('tokelau', 'TK'), ('timorleste', 'TL'),
  ('turkmenistan', 'TM'), ('tunisia', 'TN'), ('tonga', 'TO'), ('turkey', 'TR'), ('turkiye', 'TR'), ('trinidadandtobago', 'TT'),
  ('tuvalu', 'TV'), ('taiwan', 'TW'), ('tanzania', 'TZ'), ('ukraine', 'UA'), ('uganda', 'UG'),
  ('unitedstatesminoroutlyingislands', 'UM'), ('america', 'US'), ('eeuu', 'US'), ('estadosunidos', 'US'),
  ('estadosunidosdeamerica', 'US'), ('etatsunis', 'US'), ('statiuniti', 'US'), ('theunitedstates', 'US'), ('unitedstates', 'US'),
  ('unitedstatesofamerica', 'US'), ('usa', 'US'), ('vereinigtestaatenvonamerika', 'US'), ('uruguay', 'UY'), ('uzbekistan', 'UZ'),
  ('vatican', 'VA'), ('saintvincentandthegrenadines', 'VC'), ('venezuela', 'VE'), ('britishvirginislands', 'VG'),
  ('usvirginislands', 'VI'), ('vietnam', 'VN'), ('vanuatu', 'VU'), ('wallisandfutuna', 'WF'), ('samoa', 'WS'), ('yemen', 'YE'),
  ('mayotte', 'YT'), ('southafrica', 'ZA'), ('zambia', 'ZM'), ('zimbabwe', 'ZW')
on conflict (name) do update set country_code = excluded.country_code
where country_names.country_code <> excluded.country_code;

insert into leadgen.region_names (country_code, name, region_code)
values
  ('CA', 'alberta', 'CA-AB'), ('CA', 'britishcolombia', 'CA-BC'), ('CA', 'britishcolumbia', 'CA-BC'),
  ('CA', 'colombiebritannique', 'CA-BC'), ('CA', 'ileduprinceedouard', 'CA-PE'), ('CA', 'manitoba', 'CA-MB'),
  ('CA', 'newbrunswick', 'CA-NB'), ('CA', 'newfoundland', 'CA-NL'), ('CA', 'newfoundlandandlabrador', 'CA-NL'),
  ('CA', 'northwestterritories', 'CA-NT'), ('CA', 'nouveaubrunswick', 'CA-NB'), ('CA', 'nouvelleecosse', 'CA-NS'),
  ('CA', 'novascotia', 'CA-NS'), ('CA', 'nunavut', 'CA-NU'), ('CA', 'nwt', 'CA-NT'), ('CA', 'ont', 'CA-ON'), ('CA', 'ontario', 'CA-ON'),
  ('CA', 'pei', 'CA-PE'), ('CA', 'pq', 'CA-QC'), ('CA', 'princeedwardisland', 'CA-PE'), ('CA', 'que', 'CA-QC'),
  ('CA', 'quebec', 'CA-QC'), ('CA', 'saskatchewan', 'CA-SK'), ('CA', 'terreneuveetlabrador', 'CA-NL'),
  ('CA', 'territoiresdunordouest', 'CA-NT'), ('CA', 'yukon', 'CA-YT'), ('CA', 'yukonterritory', 'CA-YT'), ('US', 'alabama', 'US-AL'),
  ('US', 'alaska', 'US-AK'), ('US', 'americansamoa', 'US-AS'), ('US', 'ariz', 'US-AZ'), ('US', 'arizona', 'US-AZ'),
  ('US', 'arkansas', 'US-AR'), ('US', 'calif', 'US-CA'), ('US', 'california', 'US-CA'), ('US', 'colo', 'US-CO'),
  ('US', 'colorado', 'US-CO'), ('US', 'conn', 'US-CT'), ('US', 'connecticut', 'US-CT'), ('US', 'delaware', 'US-DE'),
  ('US', 'districtofcolumbia', 'US-DC'), ('US', 'fla', 'US-FL'), ('US', 'florida', 'US-FL'), ('US', 'georgia', 'US-GA'),
  ('US', 'guam', 'US-GU'), ('US', 'hawaii', 'US-HI'), ('US', 'idaho', 'US-ID'), ('US', 'ill', 'US-IL'), ('US', 'illinois', 'US-IL'),
  ('US', 'indiana', 'US-IN'), ('US', 'iowa', 'US-IA'), ('US', 'kansas', 'US-KS'), ('US', 'kentucky', 'US-KY'),
  ('US', 'louisiana', 'US-LA'), ('US', 'maine', 'US-ME'), ('US', 'maryland', 'US-MD'), ('US', 'mass', 'US-MA'),
  ('US', 'massachusetts', 'US-MA'), ('US', 'mich', 'US-MI'), ('US', 'michigan', 'US-MI'), ('US', 'minn', 'US-MN'),
  ('US', 'minnesota', 'US-MN'), ('US', 'mississippi', 'US-MS'), ('US', 'missouri', 'US-MO'), ('US', 'montana', 'US-MT'),
  ('US', 'nebraska', 'US-NE'), ('US', 'nevada', 'US-NV'), ('US', 'newhampshire', 'US-NH'), ('US', 'newjersey', 'US-NJ'),
  ('US', 'newmexico', 'US-NM'), ('US', 'newyork', 'US-NY'), ('US', 'northcarolina', 'US-NC'), ('US', 'northdakota', 'US-ND'),
  ('US', 'northernmarianaislands', 'US-MP'), ('US', 'ohio', 'US-OH'), ('US', 'oklahoma', 'US-OK'), ('US', 'oregon', 'US-OR'),
  ('US', 'penn', 'US-PA'), ('US', 'pennsylvania', 'US-PA'), ('US', 'puertorico', 'US-PR'), ('US', 'rhodeisland', 'US-RI'),
  ('US', 'southcarolina', 'US-SC'), ('US', 'southdakota', 'US-SD'), ('US', 'tenn', 'US-TN'), ('US', 'tennessee', 'US-TN'),
  ('US', 'tex', 'US-TX'), ('US', 'texas', 'US-TX'), ('US', 'usvirginislands', 'US-VI'), ('US', 'utah', 'US-UT'),
  ('US', 'vermont', 'US-VT'), ('US', 'virginia', 'US-VA'), ('US', 'virginislands', 'US-VI'), ('US', 'wash', 'US-WA'),
  ('US', 'washington', 'US-WA'), ('US', 'washingtondc', 'US-DC'), ('US', 'washingtonstate', 'US-WA'), ('US', 'westvirginia', 'US-WV'),
  ('US', 'wisconsin', 'US-WI'), ('US', 'wyoming', 'US-WY')
on conflict (country_code, name) do update set region_code = excluded.region_code
where region_names.region_code <> excluded.region_code;

insert into leadgen.postal_territories (postal_prefix, country_code, part_of)
values
  ('006', 'PR', 'US'), ('007', 'PR', 'US'), ('009', 'PR', 'US'), ('008', 'VI', 'US'), ('96799', 'AS', 'US'), ('9691', 'GU', 'US'),
  ('9692', 'GU', 'US'), ('96931', 'GU', 'US'), ('96932', 'GU', 'US'), ('96950', 'MP', 'US'), ('96951', 'MP', 'US'),
  ('96952', 'MP', 'US')
on conflict (postal_prefix) do update set country_code = excluded.country_code, part_of = excluded.part_of
where (postal_territories.country_code, postal_territories.part_of) is distinct from (excluded.country_code, excluded.part_of);

select catalog.compile_places();
select catalog.remake_city_keys();
