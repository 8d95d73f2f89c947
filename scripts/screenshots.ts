import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { chromium, type Page } from 'playwright-core'
import { openEmbedded } from '../src/database/embedded.ts'
import { hookSettings } from './screenshots/hooks.ts'
import { type Seeded, seed } from './screenshots/seed.ts'
import { writeTasks } from './screenshots/tasks.ts'
import { tourSize, writeSmall } from './screenshots/tour.ts'

/**
 * Pictures of every page of the dashboard, from a service of its own with seeded data, in light and dark, on a desktop
 * and on a phone: node scripts/screenshots.ts <folder> [part of a picture's name]. Without a folder: those of the
 * README's tour, small, into docs/tour.
 */
const tour = path.join(import.meta.dirname, '../docs/tour')
const [folder = tour, wanted = ''] = process.argv.slice(2)
const isTour = path.resolve(folder) === tour
const browserProgram = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
// Of the tour, which has room for so many: what others show, too.
const leftOut = new Set(['tasks-filtered', 'tasks-none', 'settings', 'webhook-new'])
const sizes: Record<string, { width: number; height: number }> = isTour
  ? { tour: tourSize }
  : { desktop: { width: 1440, height: 900 }, phone: { width: 360, height: 740 } }

await using cleanup = new AsyncDisposableStack()
const home = await mkdtemp(path.join(tmpdir(), 'darkroom-screenshots-'))
cleanup.defer(() => rm(home, { recursive: true, force: true }))
const postgres = await openEmbedded({ dataDir: home, log: () => {}, durable: isTour })
cleanup.defer(postgres.stop)
const server = spawn(process.execPath, [path.join(import.meta.dirname, '../src/cli.ts'), 'server'], {
  env: {
    ...process.env,
    DATABASE_URL: postgres.url,
    DATA_DIR: path.join(home, 'data'),
    TASKS_DIR: await writeTasks(home),
    PORT: '0',
    ENVIRONMENT: 'staging',
    ...hookSettings,
    WORKER_CONCURRENCY: '6'
  },
  stdio: ['ignore', 'pipe', 'inherit']
})
cleanup.defer(async () => {
  if (server.exitCode !== null) return
  server.kill('SIGTERM')
  await once(server, 'exit')
})
const address = await addressOf(server)
const seeded = await seed(address, postgres.url, home)

await mkdir(folder, { recursive: true })
const browser = await chromium.launch({ executablePath: browserProgram, args: ['--no-sandbox', '--disable-gpu'] })
cleanup.defer(() => browser.close())
for (const [size, viewport] of Object.entries(sizes)) {
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await browser.newPage({ viewport, colorScheme, timezoneId: 'Europe/Berlin' })
    await page.request.post(`${address}/api/session`, { data: { key: seeded.key } })
    for (const [name, at] of Object.entries(pages(seeded))) {
      const file = isTour ? `${name}-${colorScheme}.webp` : `${name}-${size}-${colorScheme}.png`
      if (!file.includes(wanted) || (isTour && leftOut.has(name))) continue
      await show(page, `${address}/ui${at}`)
      const low = page.getByRole('region', { name: 'Comparison' })
      if (name === 'compare') await low.evaluate(element => element.scrollIntoView({ block: 'end' }))
      const picture = await page.screenshot()
      await (isTour ? writeSmall : writeFile)(path.join(folder, file), picture)
    }
    await page.close()
  }
}

function pages({
  task,
  failed,
  running,
  waiting,
  film,
  encoding,
  schedule,
  worker,
  hook
}: Seeded): Record<string, string> {
  return {
    overview: '',
    'film-running': `/videos/${encoding}`,
    films: '/videos',
    tasks: '/tasks',
    'tasks-filtered': '/tasks?status=FAILED&task=report',
    'tasks-none': '/tasks?q=nothing%20like%20it',
    drawer: `/tasks?peek=${failed}`,
    'task-failed': `/tasks/${failed}`,
    'task-running': `/tasks/${running}`,
    'task-waiting': `/tasks/${waiting}`,
    task: `/tasks/${task}`,
    compare: `/tasks/${failed}?tab=compare`,
    film: `/videos/${film}`,
    schedules: '/schedules',
    schedule: `/schedules/${schedule}`,
    'schedule-new': '/schedules/new',
    queues: '/queues',
    workers: '/workers',
    worker: `/workers/${worker}`,
    problems: '/problems',
    errors: '/errors',
    bulk: '/bulk',
    keys: '/keys',
    'key-new': '/keys?new=1',
    audit: '/audit',
    webhooks: '/webhooks',
    'webhook-new': '/webhooks?new=1',
    webhook: `/webhooks/${hook}`,
    doctor: '/doctor',
    new: '/new?task=report',
    settings: '/settings'
  }
}

async function show(page: Page, url: string) {
  await page.goto(url)
  await page.locator('main[aria-busy=false]').waitFor({ timeout: 10_000 })
  await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached', timeout: 10_000 })
  // What the page asks for beside its main data, and pictures.
  await page.waitForTimeout(isTour ? 2000 : 600)
}

async function addressOf(server: ChildProcess) {
  for await (const line of createInterface({ input: server.stdout! })) {
    const [found] = /http:\/\/[\d.]+:\d+/.exec(line) ?? []
    if (found) {
      server.stdout!.resume()
      return found
    }
  }
  throw new Error('the server ended before it was ready')
}
