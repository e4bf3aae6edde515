BEGIN TRANSACTION;
CREATE TABLE addresses (
	url VARCHAR NOT NULL, 
	site VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	discovery VARCHAR NOT NULL, 
	attempts INTEGER NOT NULL, 
	outcome VARCHAR NOT NULL, 
	segment VARCHAR NOT NULL, 
	not_before FLOAT DEFAULT '0' NOT NULL, 
	identity VARCHAR DEFAULT '' NOT NULL, 
	holder VARCHAR DEFAULT '' NOT NULL, 
	PRIMARY KEY (url)
);
INSERT INTO "addresses" VALUES('https://example.org/a/ferry-ends-its-season','a','stored','{"role": "article", "site": "a", "via": "feed"}',0,'','s1',0.0,'example.org/a/ferry-ends-its-season','');
INSERT INTO "addresses" VALUES('https://example.org/item?n=4&view=text','a','stored','{"role": "article", "site": "a", "via": "feed"}',0,'','s1',0.0,'example.org/item?n=4','');
INSERT INTO "addresses" VALUES('https://example.org/read?48213=','a','stored','{"role": "article", "site": "a", "via": "feed"}',0,'','s1',0.0,'example.org/read?48213=','');
INSERT INTO "addresses" VALUES('https://example.org/read?q=%EF%BF%BD%EF%BF%BD','a','stored','{"role": "article", "site": "a", "via": "feed"}',0,'','s1',0.0,'example.org/read?q=%EF%BF%BD%EF%BF%BD','');
INSERT INTO "addresses" VALUES('https://example.org/trains?from=arden&to=holme','a','stored','{"role": "article", "site": "a", "via": "feed"}',0,'','s1',0.0,'example.org/trains?to=holme','');
INSERT INTO "addresses" VALUES('https://www.example.org/news/quay-wall-is-raised-8412097','a','stored','{"role": "article", "site": "a", "via": "feed"}',0,'','s1',0.0,'example.org/news/#8412097','');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0005');
CREATE TABLE captures (
	url VARCHAR NOT NULL, 
	record_id VARCHAR NOT NULL, 
	date VARCHAR NOT NULL, 
	payload_digest VARCHAR NOT NULL, 
	etag VARCHAR NOT NULL, 
	last_modified VARCHAR NOT NULL, 
	segment VARCHAR NOT NULL, 
	stored BOOLEAN NOT NULL, 
	PRIMARY KEY (url)
);
INSERT INTO "captures" VALUES('https://example.org/a/ferry-ends-its-season','00000000-0000-0000-0000-000000000005','2026-01-05T00:00:00+00:00','sha256:4','','','s1',1);
INSERT INTO "captures" VALUES('https://example.org/item?n=4&view=text','00000000-0000-0000-0000-000000000002','2026-01-05T00:00:00+00:00','sha256:1','','','s1',1);
INSERT INTO "captures" VALUES('https://example.org/read?48213=','00000000-0000-0000-0000-000000000006','2026-01-05T00:00:00+00:00','sha256:5','','','s1',1);
INSERT INTO "captures" VALUES('https://example.org/read?q=%EF%BF%BD%EF%BF%BD','00000000-0000-0000-0000-000000000003','2026-01-05T00:00:00+00:00','sha256:2','','','s1',1);
INSERT INTO "captures" VALUES('https://example.org/trains?from=arden&to=holme','00000000-0000-0000-0000-000000000004','2026-01-05T00:00:00+00:00','sha256:3','','','s1',1);
INSERT INTO "captures" VALUES('https://www.example.org/news/quay-wall-is-raised-8412097','00000000-0000-0000-0000-000000000001','2026-01-05T00:00:00+00:00','sha256:0','','','s1',1);
CREATE TABLE fleet (
	site VARCHAR NOT NULL, 
	host VARCHAR NOT NULL, 
	definition VARCHAR NOT NULL, 
	due_at FLOAT NOT NULL, 
	PRIMARY KEY (site)
);
CREATE TABLE floors (
	site VARCHAR NOT NULL, 
	found INTEGER NOT NULL, 
	floor INTEGER NOT NULL, 
	PRIMARY KEY (site)
);
CREATE TABLE holds (
	host VARCHAR NOT NULL, 
	refusals INTEGER NOT NULL, 
	until FLOAT NOT NULL, 
	PRIMARY KEY (host)
);
CREATE TABLE leases (
	"key" VARCHAR NOT NULL, 
	holder VARCHAR NOT NULL, 
	until FLOAT NOT NULL, 
	pause FLOAT NOT NULL, 
	PRIMARY KEY ("key")
);
CREATE TABLE machines (
	holder VARCHAR NOT NULL, 
	worker VARCHAR NOT NULL, 
	seen_at FLOAT NOT NULL, 
	lost BOOLEAN NOT NULL, 
	PRIMARY KEY (holder)
);
CREATE TABLE memories (
	site VARCHAR NOT NULL, 
	paragraphs TEXT NOT NULL, 
	PRIMARY KEY (site)
);
CREATE TABLE outcomes (
	site VARCHAR NOT NULL, 
	hour BIGINT NOT NULL, 
	kind VARCHAR NOT NULL, 
	outcome VARCHAR NOT NULL, 
	count BIGINT NOT NULL, 
	PRIMARY KEY (site, hour, kind, outcome)
);
CREATE TABLE pages (
	url VARCHAR NOT NULL, 
	site VARCHAR NOT NULL, 
	discovery VARCHAR NOT NULL, 
	first FLOAT NOT NULL, 
	last FLOAT NOT NULL, 
	PRIMARY KEY (url)
);
INSERT INTO "pages" VALUES('https://example.org/a/ferry-ends-its-season','a','{"role": "article", "site": "a", "via": "feed"}',1767571200.0,1767571200.0);
INSERT INTO "pages" VALUES('https://example.org/item?n=4&view=text','a','{"role": "article", "site": "a", "via": "feed"}',1767571200.0,1767571200.0);
INSERT INTO "pages" VALUES('https://example.org/read?48213=','a','{"role": "article", "site": "a", "via": "feed"}',1767571200.0,1767571200.0);
INSERT INTO "pages" VALUES('https://example.org/read?q=%EF%BF%BD%EF%BF%BD','a','{"role": "article", "site": "a", "via": "feed"}',1767571200.0,1767571200.0);
INSERT INTO "pages" VALUES('https://example.org/trains?from=arden&to=holme','a','{"role": "article", "site": "a", "via": "feed"}',1767571200.0,1767571200.0);
INSERT INTO "pages" VALUES('https://www.example.org/news/quay-wall-is-raised-8412097','a','{"role": "article", "site": "a", "via": "feed"}',1767571200.0,1767571200.0);
CREATE TABLE payloads (
	payload_digest VARCHAR NOT NULL, 
	url VARCHAR NOT NULL, 
	record_id VARCHAR NOT NULL, 
	date VARCHAR NOT NULL, 
	segment VARCHAR NOT NULL, 
	stored BOOLEAN NOT NULL, 
	PRIMARY KEY (payload_digest)
);
INSERT INTO "payloads" VALUES('sha256:0','https://www.example.org/news/quay-wall-is-raised-8412097','00000000-0000-0000-0000-000000000001','2026-01-05T00:00:00+00:00','s1',1);
INSERT INTO "payloads" VALUES('sha256:1','https://example.org/item?n=4&view=text','00000000-0000-0000-0000-000000000002','2026-01-05T00:00:00+00:00','s1',1);
INSERT INTO "payloads" VALUES('sha256:2','https://example.org/read?q=%EF%BF%BD%EF%BF%BD','00000000-0000-0000-0000-000000000003','2026-01-05T00:00:00+00:00','s1',1);
INSERT INTO "payloads" VALUES('sha256:3','https://example.org/trains?from=arden&to=holme','00000000-0000-0000-0000-000000000004','2026-01-05T00:00:00+00:00','s1',1);
INSERT INTO "payloads" VALUES('sha256:4','https://example.org/a/ferry-ends-its-season','00000000-0000-0000-0000-000000000005','2026-01-05T00:00:00+00:00','s1',1);
INSERT INTO "payloads" VALUES('sha256:5','https://example.org/read?48213=','00000000-0000-0000-0000-000000000006','2026-01-05T00:00:00+00:00','s1',1);
CREATE TABLE robots (
	origin VARCHAR NOT NULL, 
	status INTEGER NOT NULL, 
	body BLOB NOT NULL, 
	fetched VARCHAR NOT NULL, 
	PRIMARY KEY (origin)
);
CREATE TABLE schedules (
	url VARCHAR NOT NULL, 
	articles FLOAT NOT NULL, 
	seconds FLOAT NOT NULL, 
	looked_at FLOAT NOT NULL, 
	due_at FLOAT NOT NULL, 
	best FLOAT DEFAULT '0' NOT NULL, 
	PRIMARY KEY (url)
);
CREATE TABLE shapes (
	site VARCHAR NOT NULL, 
	shape VARCHAR NOT NULL, 
	articles FLOAT NOT NULL, 
	others FLOAT NOT NULL, 
	PRIMARY KEY (site, shape)
);
CREATE TABLE sources (
	url VARCHAR NOT NULL, 
	site VARCHAR NOT NULL, 
	found INTEGER NOT NULL, 
	looked_at FLOAT NOT NULL, 
	role VARCHAR DEFAULT '' NOT NULL, 
	via VARCHAR DEFAULT '' NOT NULL, 
	PRIMARY KEY (url)
);
CREATE TABLE texts (
	url VARCHAR NOT NULL, 
	text VARCHAR NOT NULL, 
	PRIMARY KEY (url)
);
CREATE INDEX addresses_holder ON addresses (holder, state);
CREATE INDEX addresses_segment ON addresses (segment);
CREATE INDEX addresses_due ON addresses (site, state);
CREATE INDEX addresses_identity ON addresses (identity);
CREATE INDEX captures_segment ON captures (segment);
CREATE INDEX payloads_segment ON payloads (segment);
CREATE INDEX pages_site ON pages (site, first);
CREATE INDEX outcomes_hour ON outcomes (hour);
CREATE INDEX leases_holder ON leases (holder);
CREATE INDEX fleet_due ON fleet (due_at);
COMMIT;
