"""How Chromium is started: nothing of its own is asked for, and no way out is taken but the proxy."""

from __future__ import annotations

_FEATURES_OFF = (
    "AutofillServerCommunication", "CertificateTransparencyComponentUpdater", "DialMediaRouteProvider",
    "InterestFeedContentSuggestions", "MediaRouter", "NetworkTimeServiceQuerying", "OptimizationHints",
    "OptimizationGuideModelDownloading", "SafeBrowsing", "Translate", "WebRtcHideLocalIpsWithMdns", "DnsOverHttps",
    "AsyncDns", "PrivacySandboxSettings4", "HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable",
    # A page has a context of its own: a process that waits for the context's next page waits for nothing
    "SpareRendererForSitePerProcess",
)  # fmt: skip

NOWHERE = "http://127.0.0.1:1/"


def chromium_flags(pin: str) -> list[str]:
    """Command-line flags; `pin` is that of the run's certificates."""
    return [
        f"--ignore-certificate-errors-spki-list={pin}",
        "--disable-quic",
        "--dns-prefetch-disable",
        # Names are the proxy's to resolve; without it none is looked up
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.*",
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
        "--webrtc-ip-handling-policy=disable_non_proxied_udp",
        "--disable-background-networking",
        "--disable-breakpad",
        "--disable-client-side-phishing-detection",
        "--disable-component-extensions-with-background-pages",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-domain-reliability",
        "--disable-extensions",
        "--disable-gpu",
        "--disable-sync",
        "--metrics-recording-only",
        "--mute-audio",
        "--no-default-browser-check",
        "--no-first-run",
        "--no-pings",
        "--no-service-autorun",
        "--password-store=basic",
        "--use-mock-keychain",
        "--js-flags=--max-old-space-size=1024",
        f"--component-updater=url-source={NOWHERE}",
        f"--gaia-url={NOWHERE}",
        f"--disable-features={','.join(_FEATURES_OFF)}",
    ]
