import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { BrowserContext, Page } from 'playwright-core'
import type { Test } from 'tap'
import { openBrowser } from './browser.ts'
import { patience } from './until.ts'

interface Look {
  width?: number
  height?: number
  scheme?: 'light' | 'dark'
  forced?: boolean
  /** Instead of the service's own address: a proxy before it. */
  address?: string
  /** Keep the tab before open. */
  beside?: boolean
  /** A script that runs before those of the page. */
  script?: string
  reduced?: boolean
  /** What has to be done before the tab opens the page. */
  before?(page: Page): Promise<void>
}

export interface Dashboard {
  /** A tab that shows a page of the dashboard, which has loaded. It shows no other one any more: that would go on asking. */
  visit(path: string, look?: Look): Promise<Page>
  /** Errors, broken policies and requests to any address except the service, of all tabs so far. */
  complaints: string[]
  /** What the API has pushed to the tab that was visited last. */
  pushes(): string[]
}

// Code for pages is text: the types of the tests are those of Node.
const tellViolations = `
  addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) =>
    console.error('policy: ' + violatedDirective + ' ' + blockedURI + ' ' + sample)
  )`

// Said of a page that the tab leaves while its socket opens.
const left = /WebSocket is closed before the connection is established/

const require = createRequire(import.meta.url)
const axe = await readFile(require.resolve('axe-core/axe.min.js'), 'utf8')
const rules = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']
const ofColours = ['color-contrast', 'link-in-text-block']

/**
 * A tab for a test file, which goes from visit to visit: to open one takes a browser longer than to load a page. One
 * with a script of its own, with something to do before, or beside another is a new one, and stays for that visit.
 */
export async function openDashboard(t: Test, address: string): Promise<Dashboard> {
  const browser = await openBrowser()
  const complaints: string[] = []
  const contexts = new Map<string, BrowserContext>()
  t.teardown(() => Promise.all([...contexts.values()].map(context => context.close())))
  let page: Page | undefined
  let usual: Page | undefined
  const shown = { path: '', address, frames: [] as string[] }

  /** Tabs that look alike share the cache of their browser. */
  async function contextFor(colorScheme: 'light' | 'dark', forcedColors: 'active' | 'none') {
    const key = `${colorScheme} ${forcedColors}`
    const known =
      contexts.get(key) ??
      (await browser.newContext({ colorScheme, forcedColors, timezoneId: 'Europe/Berlin', locale: 'en-GB' }))
    contexts.set(key, known)
    return known
  }

  async function openTab(context: BrowserContext, script: string | undefined) {
    const tab = await context.newPage()
    tab.setDefaultTimeout(patience * 1000)
    await tab.addInitScript(tellViolations)
    if (script) await tab.addInitScript(script)
    // Before the page opens its socket: a listener that comes later misses frames.
    tab.on('websocket', socket => {
      const { frames } = shown
      socket.on('framereceived', ({ payload }) => frames.push(String(payload)))
    })
    tab.on('pageerror', error => complaints.push(`${shown.path}: ${error}`))
    tab.on('console', message => {
      const text = message.text()
      if (message.type() === 'error' && !left.test(text)) complaints.push(`${shown.path}: ${text}`)
    })
    tab.on('request', request => {
      const { origin, protocol } = new URL(request.url())
      if (!/^(data|blob):$/.test(protocol) && origin !== new URL(shown.address).origin)
        complaints.push(`it asked for ${request.url()}`)
    })
    return tab
  }

  return {
    complaints,
    pushes: () => shown.frames,
    async visit(path, { width = 1440, height = 900, scheme = 'light', forced = false, ...look } = {}) {
      const { address: at = address, beside = false, script, reduced = false, before } = look
      const forcedColors = forced ? 'active' : 'none'
      const context = await contextFor(scheme, forcedColors)
      const isUsual = !beside && !script && !before
      if (!isUsual || usual?.isClosed() !== false || usual.context() !== context) {
        if (!beside) await page?.close()
        page = await openTab(context, script)
        usual = isUsual ? page : undefined
      } else page = usual
      Object.assign(shown, { path, address: at, frames: [] })
      await page.setViewportSize({ width, height })
      // A test may have changed them, and left the mouse on what is something else now.
      await page.emulateMedia({
        colorScheme: scheme,
        forcedColors,
        reducedMotion: reduced ? 'reduce' : 'no-preference'
      })
      await page.mouse.move(0, 0)
      await before?.(page)
      await page.goto(`${at}/ui${path}`)
      await loaded(page)
      return page
    }
  }
}

/** What a page has to show is there. */
export async function loaded(page: Page) {
  await page.locator('main[aria-busy=false] h1').waitFor()
  await holds(page, document => !document.querySelector('[aria-busy=true]'))
}

/** Waits until it is so. A text would be evaluated in the page again and again, which its policy refuses. */
export async function holds(page: Page, condition: (document: any) => boolean) {
  const document = await page.evaluateHandle('document')
  // By time: a tab that is not drawn has no frames.
  await page.waitForFunction(condition, document, { polling: 100 })
}

/** What is hard to use, by the rules of WCAG 2.2 AA that a program can check; or by those about colours alone. */
export async function barriers(page: Page, { colours = false } = {}): Promise<string[]> {
  // `addScriptTag` is refused by the page's policy.
  if (!(await page.evaluate<boolean>(`'axe' in globalThis`))) await page.evaluate(axe)
  const runOnly = colours ? { type: 'rule', values: ofColours } : { type: 'tag', values: rules }
  const { violations } = await page.evaluate<any>(
    `axe.run(document, { runOnly: ${JSON.stringify(runOnly)}, resultTypes: ['violations'] })`
  )
  return violations.flatMap(({ id, nodes }: any) =>
    nodes.map(
      (node: any) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary.split('\n').slice(1, 2).join(' ')}`
    )
  )
}

/** Pixels by which the page can be moved sideways. */
export function sideways(page: Page) {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')
}
