BEGIN TRANSACTION;
CREATE TABLE addresses (
	url VARCHAR NOT NULL,
	site VARCHAR NOT NULL,
	state VARCHAR NOT NULL,
	discovery VARCHAR NOT NULL,
	attempts INTEGER NOT NULL,
	outcome VARCHAR NOT NULL,
	segment VARCHAR NOT NULL,
	PRIMARY KEY (url)
);
INSERT INTO "addresses" VALUES('https://example.org/1','a','discovered','{"role": "article", "site": "a", "via": "feed"}',0,'','');
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
CREATE TABLE sources (
	url VARCHAR NOT NULL,
	site VARCHAR NOT NULL,
	found INTEGER NOT NULL,
	looked_at FLOAT NOT NULL,
	PRIMARY KEY (url)
);
CREATE INDEX addresses_due ON addresses (site, state);
CREATE INDEX addresses_segment ON addresses (segment);
CREATE INDEX captures_segment ON captures (segment);
COMMIT;
