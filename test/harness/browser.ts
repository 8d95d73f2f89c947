import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'
import whole, { type Test } from 'tap'

// The first of them has no windows that it draws around pages: half the CPU.
const programs = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium']

/** A real browser, where the machine has one; playwright-core brings none along. */
export const program = process.env.CHROMIUM_PATH ?? programs.find(existsSync) ?? programs.at(-1)!

export const skipWithoutBrowser = existsSync(program) ? false : `there is no Chromium at ${program} (CHROMIUM_PATH)`

export const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
]

let kept: Promise<Browser> | undefined

/** One for all test files of this process: a start takes longer than many a test. What a file opens, it closes. */
export async function openBrowser(): Promise<Browser> {
  const known = await kept
  if (known?.isConnected()) return known
  kept = chromium.launch({ executablePath: program, args: flags })
  const browser = await kept
  whole.teardown(() => browser.close())
  return browser
}

/** One of its own, for what is set when it starts. */
async function launchBrowser(t: Test, more: string[]) {
  const browser = await chromium.launch({ executablePath: program, args: [...flags, ...more] })
  t.teardown(() => browser.close())
  return browser
}

/** An empty page, and what fails in it: errors, and requests to any address except the service. */
export async function openPage(
  t: Test,
  address: string,
  more: string[] = []
): Promise<{ page: Page; complaints: string[] }> {
  const browser = more.length > 0 ? await launchBrowser(t, more) : await openBrowser()
  const context = await browser.newContext()
  t.teardown(() => context.close())
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', error => complaints.push(String(error)))
  page.on('console', message => message.type() === 'error' && complaints.push(message.text()))
  page.on('request', request => {
    const url = request.url()
    if (!url.startsWith(address) && !/^(data|blob):/.test(url)) complaints.push(`it asked for ${url}`)
  })
  return { page, complaints }
}
