import t from 'tap'
import { busiest, firingsOf, heatOf, levelOf } from '../../src/dashboard/words/schedules/week.ts'
import { becomes } from '../harness/becomes.ts'
import { skipWithoutBrowser } from '../harness/browser.ts'
import { barriers, openDashboard, sideways } from '../harness/dashboard.ts'
import { openService } from '../harness/service.ts'

const now = Date.parse('2026-11-28T22:30:00Z')
const never = { every: null, at: null, end_at: null, next_run_at: null }

t.test('occurrences fall on hours of the next seven days', async t => {
  const at = (time: string, name = 'a') => ({ id: name, name, at: Date.parse(time) })
  const heat = heatOf(
    [
      at('2026-11-28T22:10:00Z', 'past'),
      at('2026-11-28T22:45:00Z'),
      at('2026-12-01T00:00:00Z'),
      at('2026-12-01T00:59:59Z', 'b'),
      at('2026-12-05T00:00:00Z', 'after')
    ],
    now,
    'UTC'
  )

  t.strictSame(
    heat.map(({ name }) => name),
    ['Sat 28 Nov', 'Sun 29 Nov', 'Mon 30 Nov', 'Tue 1 Dec', 'Wed 2 Dec', 'Thu 3 Dec', 'Fri 4 Dec']
  )
  const full = heat.flatMap(({ name, hours }) =>
    hours.filter(({ firings }) => firings.length > 0).map(({ hour, firings }) => [name, hour, firings.length])
  )
  t.strictSame(full, [
    ['Sat 28 Nov', 22, 1],
    ['Tue 1 Dec', 0, 2]
  ])
  t.match(busiest(heat), [{ day: 'Tue 1 Dec', hour: 0, firings: { length: 2 } }])
  t.strictSame(
    [0, 1, 2, 12].map(count => levelOf(count, 12)),
    [0, 1, 1, 4]
  )
  t.equal(levelOf(1, 1), 1)
})

t.test('what has no cron text is counted without a question', async t => {
  const every = (seconds: number, more = {}) =>
    firingsOf({ ...never, id: 'a', name: 'a', every: seconds, next_run_at: '2026-11-28T23:00:00Z', ...more }, now)

  t.equal(every(86_400)!.length, 8, 'a week has up to 169 hours')
  t.equal(every(86_400, { end_at: '2026-11-30T00:00:00Z' })!.length, 2)
  t.equal(every(86_400, { end_at: '2026-11-28T00:00:00Z' })!.length, 0)
  t.equal(every(1), undefined, 'it fires too often')
  t.equal(firingsOf({ ...never, id: 'a', name: 'a', at: 'then', next_run_at: '2026-11-29T00:00:00Z' }, now)!.length, 1)
  t.strictSame(firingsOf({ ...never, id: 'a', name: 'a' }, now), [])
})

t.test('the page of schedules shows when they fire', { skip: skipWithoutBrowser }, async t => {
  const service = await openService(t)
  const address = await service.listen()
  const { visit, complaints } = await openDashboard(t, address)
  const add = (name: string, timing: object) =>
    service.post('/api/schedules', { name, task: 'add', args: { x: 1, y: 2 }, timezone: 'Europe/Berlin', ...timing })
  for (const name of ['close the day', 'mails', 'backup']) await add(name, { cron: '0 0 * * *' })
  await add('ping', { every: 60 })
  await add('each minute', { cron: '* * * * *' })
  await add('paused', { cron: '0 12 * * *', enabled: false })
  const page = await visit('/schedules')

  const week = page.getByRole('region', { name: 'The next seven days' })
  await week.getByText('00:00–01:00').first().waitFor()
  const rows = week.getByRole('table', { name: 'Occurrences by day and hour' }).getByRole('row')
  await becomes(t, () => rows.count(), 8)
  // The browser is in Berlin; the first row is what is left of today.
  const cells = async () => (await rows.nth(2).getByRole('cell').allTextContents()).map(Number)
  await becomes(t, cells, [3, ...Array(23).fill(0)])
  await becomes(t, () => week.getByText('Not drawn').textContent(), /ping \(every minute\)/)
  await becomes(t, () => week.getByText('Not drawn').textContent(), /each minute \(each minute \(Europe\/Berlin\)\)/)
  await becomes(t, () => week.getByRole('listitem').first().textContent(), /00:00 backup, close the day, mails$/)
  for (const width of [1440, 360]) {
    await page.setViewportSize({ width, height: 800 })
    t.strictSame(await barriers(page), [])
    t.strictSame(await barriers(page, { colours: true }), [])
    t.equal(await sideways(page), 0)
  }
  t.strictSame(complaints, [])
})
