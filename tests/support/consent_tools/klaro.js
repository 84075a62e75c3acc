// By default, Klaro loads the config from a global "klaroConfig" variable.
var klaroConfig = {
    version: 1,
    elementID: 'klaro',
    storageMethod: 'cookie',
    cookieName: 'klaro',
    default: false,
    mustConsent: true,
    acceptAll: true,
    translations: {
        zz: { privacyPolicyUrl: '/privacy' },
        en: {
            consentModal: { description: 'Here you can see and customize …' },
            purposes: {
                analytics: { title: 'Analytics', description: 'Which pages are read.' },
                marketing: 'Marketing',
            },
        },
        de: {
            purposes: {
                analytics: { title: 'Besucher-Statistiken', description: 'Welche Seiten gelesen werden.' },
                marketing: { title: 'Werbung', description: 'Was anderswo gezeigt wird.' },
            },
        },
    },
    services: [
        {
            name: 'adsmith',
            title: 'Adsmith',
            purposes: ['marketing', 'analytics'],
            cookies: [['_ads', '/', '.example.org']],
            callback: function (consent, service) { console.log(consent, service.name); },
        },
        {
            name: 'google-analytics',
            default: true,
            title: 'Google Analytics',
            purposes: ['analytics'],
            cookies: [/^_ga(_.*)?/, '_gid', { pattern: /^_gat_\w+$/i }],
            onAccept: `gtag('consent', 'update', {})`,
        },
        { name: 'login', purposes: ['functional'], required: true, cookies: ['session'] },
    ],
};
