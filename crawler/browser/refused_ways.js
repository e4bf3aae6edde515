// Ways out that no proxy carries: pages are told that they are not supported, and the worker hears of it.
(() => {
  for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection", "WebTransport"]) {
    if (!(name in window)) continue;
    const Refused = function () {
      console.debug(`newswarc refused ${name}`);
      throw new DOMException(`${name} is not supported`, "NotSupportedError");
    };
    Object.defineProperty(window, name, { value: Refused, configurable: false, writable: false });
  }
})();
