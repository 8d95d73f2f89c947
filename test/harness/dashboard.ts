import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import type { Test } from 'tap'
import { flags, program } from './browser.ts'
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
  /** A new tab, which shows a page of the dashboard that has loaded. The one before is closed: it would go on asking. */
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

const require = createRequire(import.meta.url)
const axe = await readFile(require.resolve('axe-core/axe.min.js'), 'utf8')
const rules = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']
const ofColours = ['color-contrast', 'link-in-text-block']

/** One browser for a test file, with a tab for each visit. */
export async function openDashboard(t: Test, address: string): Promise<Dashboard> {
  const browser: Browser = await chromium.launch({ executablePath: program, args: flags })
  t.teardown(() => browser.close())
  const complaints: string[] = []
  const contexts = new Map<string, BrowserContext>()
  let page: Page | undefined
  let pushed: string[] = []

  /** Tabs that look alike share the cache of their browser. */
  async function contextFor(colorScheme: 'light' | 'dark', forced: boolean) {
    const key = `${colorScheme} ${forced}`
    const options = { colorScheme, timezoneId: 'Europe/Berlin', locale: 'en-GB' }
    const known =
      contexts.get(key) ?? (await browser.newContext({ ...options, forcedColors: forced ? 'active' : 'none' }))
    contexts.set(key, known)
    return known
  }

  return {
    complaints,
    pushes: () => pushed,
    async visit(path, { width = 1440, height = 900, scheme = 'light', forced = false, ...look } = {}) {
      const { address: at = address, beside = false, script, reduced = false, before } = look
      if (!beside) await page?.close()
      const context = await contextFor(scheme, forced)
      page = await context.newPage()
      await page.setViewportSize({ width, height })
      page.setDefaultTimeout(patience * 1000)
      await page.addInitScript(tellViolations)
      if (script) await page.addInitScript(script)
      if (reduced) await page.emulateMedia({ reducedMotion: 'reduce' })
      // Before the page opens its socket: a listener that comes later misses frames.
      const frames: string[] = []
      pushed = frames
      page.on('websocket', socket => socket.on('framereceived', ({ payload }) => frames.push(String(payload))))
      page.on('pageerror', error => complaints.push(`${path}: ${error}`))
      page.on('console', message => message.type() === 'error' && complaints.push(`${path}: ${message.text()}`))
      page.on('request', request => {
        const { origin, protocol } = new URL(request.url())
        if (!/^(data|blob):$/.test(protocol) && origin !== new URL(at).origin)
          complaints.push(`it asked for ${request.url()}`)
      })
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
