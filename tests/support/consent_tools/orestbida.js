import "https://cdn.jsdelivr.net/gh/orestbida/cookieconsent@3.1.0/dist/cookieconsent.umd.js";

const GA = "Google Analytics";

CookieConsent.run({
    guiOptions: { consentModal: { layout: "box inline", position: "bottom left" } },
    onFirstConsent: ({ cookie }) => console.log(cookie),
    mode: 'opt-out',
    categories: {
        necessary: {
            enabled: true, // cannot be turned off
            readOnly: true,
            autoClear: { cookies: [{ name: "session" }] },
        },
        marketing: {},
        analytics: {
            enabled: true,
            autoClear: {
                cookies: [{ name: /^_ga/ }, { name: '_gid' }, { name: /^(?!x)y/ }],
            },
            services: {
                "Google Analytics": {
                    label: `${GA} 4`,
                    onAccept: () => {},
                    cookies: [{ name: /^(_gat|_gac)$/ }],
                },
                Weather: { label: "Weather" },
            },
        },
    },
    language: {
        default: "en",
        translations: {
            de: "/de.json",
            en: {
                consentModal: { title: "We use cookies", acceptAllBtn: "Accept all" },
                preferencesModal: {
                    title: "Preferences",
                    sections: [
                        { title: "About", description: "Whatever you choose …" },
                        {
                            title: "Performance & Analytics",
                            description: 'Which pages are read. <a href="/privacy">More</a>',
                            linkedCategory: "analytics",
                            cookieTable: { headers: { name: "Name" }, body: [{ name: "_ga" }] },
                        },
                        {
                            title: "Advertising",
                            description: "What we\'d show\u2026 elsewhere.",
                            linkedCategory: "marketing",
                        },
                    ],
                },
            },
        },
    },
});
