// What browser-based crawlers write with npm's warcio: node write_warc.mjs LIBRARY FILE
import {writeFileSync} from "node:fs"

const [library, file] = process.argv.slice(2)
const {WARCRecord, WARCSerializer} = await import(library)
const text = (words) => (async function* () { yield new TextEncoder().encode(words) })()
const date = "2026-02-03T04:05:06.789Z"
const url = "https://pier.example/today?a=1&b=%C3%A9"
const page = {"WARC-Page-ID": "0f7d9a42-54a3-4f26-9d3e-1f1d9a1a2b3c"}
const response = await WARCRecord.create({
    url, date, type: "response", warcVersion: "WARC/1.1", warcHeaders: page,
    httpHeaders: {"Content-Type": "text/html; charset=utf-8", "X-Name": "Zoë"},
}, text("<html lang=en><title>The pier</title><p>The pier opens today.</p></html>"))
const records = [
    await WARCRecord.createWARCInfo({filename: "browser.warc.gz", warcVersion: "WARC/1.1"}, {software: "a browser"}),
    response,
    await WARCRecord.create({
        url, date, type: "request", warcVersion: "WARC/1.1",
        warcHeaders: {...page, "WARC-Concurrent-To": response.warcHeaders.headers.get("WARC-Record-ID")},
        httpHeaders: {"User-Agent": "Browser/1"}, reqHttpHeaders: true, statusline: "GET /today HTTP/1.1",
    }, text("")),
    await WARCRecord.create({
        url: `urn:text:${url}`, date, type: "resource", warcVersion: "WARC/1.1",
        warcHeaders: {...page, "Content-Type": "text/plain"},
    }, text("The pier opens today.")),
    await WARCRecord.create({
        url: `urn:pageinfo:${url}`, date, type: "resource", warcVersion: "WARC/1.1",
        warcHeaders: {"Content-Type": "application/json"},
    }, text(JSON.stringify({pageid: page["WARC-Page-ID"], urls: {}}))),
    await WARCRecord.create({
        url, date, type: "revisit", warcVersion: "WARC/1.1", refersToUrl: url, refersToDate: date,
        httpHeaders: {"Content-Type": "text/html"},
    }, text("")),
]
const parts = []
for (const record of records) parts.push(await WARCSerializer.serialize(record, {gzip: true}))
writeFileSync(file, Buffer.concat(parts.map((part) => Buffer.from(part))))
