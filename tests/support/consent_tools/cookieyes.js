const _ckyStore = {
  _ipData: {},
  _language: { _store: new Map(), _default: "en" },
  _expiry: 365,
  _categories: [{
    name: "Necessary", slug: "necessary", isNecessary: !0,
    cookies: [{ cookieID: "session", domain: "" }, { cookieID: "cookieyes-consent", domain: "" }],
  }, {
    name: "Advertisement", slug: "advertisement", isNecessary: !1,
    description: "<p>What is shown elsewhere.</p>",
    cookies: [{ cookieID: "_fbp", domain: ".example.org" }],
  }, {
    name: "Analytics", slug: "analytics", isNecessary: !1, cookies: [
      { cookieID: "_ga", domain: ".example.org" },
      { cookieID: "_gid", domain: ".example.org" },
    ],
  }],
  _providersToBlock: [
    { re: "google-analytics.com", categories: ["analytics", "performance"] },
    { re: "weather.example", categories: ["analytics"] },
  ],
};
window._ckyAPIs = { onActionCallback: () => {} };
