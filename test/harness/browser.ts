import { existsSync } from 'node:fs'
import { chromium, type Page } from 'playwright-core'
import type { Test } from 'tap'

/** A real browser, where the machine has one; playwright-core brings none along. */
export const program = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'

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

/** An empty page, and what fails in it: errors, and requests to any address except the service. */
export async function openPage(
  t: Test,
  address: string,
  more: string[] = []
): Promise<{ page: Page; complaints: string[] }> {
  const browser = await chromium.launch({ executablePath: program, args: [...flags, ...more] })
  t.teardown(() => browser.close())
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('pageerror', error => complaints.push(String(error)))
  page.on('console', message => message.type() === 'error' && complaints.push(message.text()))
  page.on('request', request => {
    const url = request.url()
    if (!url.startsWith(address) && !/^(data|blob):/.test(url)) complaints.push(`it asked for ${url}`)
  })
  return { page, complaints }
}
