/** Drives Firefox over WebDriver BiDi: node firefox.mjs JSON, where JSON says browser, profile, gpc and steps. */
import { argv, stdout } from "node:process";
import puppeteer from "puppeteer-core";

const PATIENCE = 20_000; // milliseconds
const { executablePath, profile, gpc, steps } = JSON.parse(argv[2]);

const browser = await puppeteer.launch({
  browser: "firefox",
  executablePath,
  userDataDir: profile,
  headless: true,
  extraPrefsFirefox: {
    "privacy.globalprivacycontrol.enabled": gpc,
    "privacy.globalprivacycontrol.functionality.enabled": gpc,
    "network.cookie.lifetimePolicy": 0,
  },
});

/** Every step is [verb, argument]; what "read" finds is what we answer, in order. */
const verbs = {
  open: (page, address) => page.goto(address, { waitUntil: "load", timeout: PATIENCE }),
  click: (page, selector) => page.locator(selector).setTimeout(PATIENCE).click(),
  press: async (page, argument) => {
    const [selector, ...keys] = argument.split(" ");
    await page.focus(selector);
    for (const key of keys) await page.keyboard.press(key);
  },
  until: async (page, expression) => {
    const end = Date.now() + PATIENCE;
    while (!(await page.evaluate(`Boolean(${expression})`))) {
      if (Date.now() > end) throw new Error(`this never came to hold: ${expression}`);
    }
  },
  read: (page, expression) => page.evaluate(expression),
};

try {
  const page = await browser.newPage();
  const found = [];
  for (const [verb, argument] of steps) {
    const answer = await verbs[verb](page, argument);
    if (verb === "read") found.push(answer);
  }
  stdout.write(JSON.stringify(found));
} finally {
  await browser.close();
}
