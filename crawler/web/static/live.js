// Shows the live part of a page again whenever the server tells of it. Without scripts, the page is asked for again.
"use strict";
const place = document.getElementById("live");
if (place && "EventSource" in window) {
  const events = new EventSource(place.dataset.events);
  events.onmessage = (event) => {
    // Rendered and escaped by the server, like the page itself. What a reader has marked or focused stays.
    if (place.contains(document.activeElement) || place.contains(getSelection().anchorNode)) return;
    place.innerHTML = JSON.parse(event.data);
  };
}
