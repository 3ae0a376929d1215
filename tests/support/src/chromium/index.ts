export { type Chromium, ChromiumNotFoundError, findChromium, isChromiumHere } from './find-chromium.ts'
export { type Browser, type BrowserContext, type Page, startChromium } from './start-chromium.ts'
