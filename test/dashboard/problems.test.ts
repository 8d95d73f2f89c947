import t from 'tap'
import { filterOf } from '../../src/dashboard/words/tasks/errors.ts'
import { moodOf, titleOf } from '../../src/dashboard/words/verdict.ts'
import { becomes } from '../harness/becomes.ts'
import { skipWithoutBrowser } from '../harness/browser.ts'
import { barriers, openDashboard, sideways } from '../harness/dashboard.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'

t.test('what is silenced neither colours the icon nor counts in the title', async t => {
  const problem = (severity: 'critical' | 'warning', silenced_until: string | null) =>
    ({ severity, silenced_until }) as Parameters<typeof titleOf>[1] extends readonly (infer P)[] | undefined ? P : never
  const problems = [problem('critical', '2030-01-01T00:00:00Z'), problem('warning', null)]
  t.equal(moodOf(problems), 'warned')
  t.equal(titleOf('Tasks', problems), '(1!) Tasks · Darkroom')
})

t.test('the list of a group of errors is asked for with what its messages have in common, as one word', async t => {
  t.equal(filterOf({ task: 'add', message: 'row <n> of <path>, it is gone' }).get('error'), '\\, it is gone')
  t.equal(filterOf({ task: 'add', message: '-1, or -2' }).get('error'), '\\-1\\, or -2')
  t.equal(filterOf({ task: 'add', message: '<n>' }).has('error'), false)
})

t.test('the page of problems', { skip: skipWithoutBrowser }, async t => {
  const service = await openService(t, { worker: true, env: { ENVIRONMENT: 'production' } })
  const address = await service.listen()
  const { visit, complaints } = await openDashboard(t, address)
  await service.db.pool.query(
    `insert into darkroom.problems (
      id, code, subject_type, subject_id, sentence, severity, actions, first_seen_at, severity_at, last_seen_at, opened_at,
      gone_at, closed_at, flaps
    ) values (
      gen_random_uuid(), 'queue_old', 'queue', 'media', 'A task has waited in the queue "media"', 'warning', '[]', now(),
      now(), now(), now() - interval '3 hours', now() - interval '1 hour', now() - interval '50 minutes', 2
    )`
  )
  const page = await visit('/problems', { width: 360, height: 740, scheme: 'dark' })

  await page.getByText('All is well').waitFor()
  const past = page.getByRole('list', { name: 'Problems that are over' })
  await becomes(
    t,
    () => past.textContent(),
    /A task has waited in the queue "media".*came back 2 times.*3 h ago, for 2 h/
  )
  await service.post('/api/queues/media/pause', { reason: 'no space' })
  const now = page.getByRole('region', { name: 'Now' })
  await now.getByText('is paused since').waitFor()
  await becomes(t, () => now.textContent(), /notice, queue_paused, for .*webhooks are not told yet/)
  t.strictSame(await barriers(page), [])
  t.equal(await sideways(page), 0)

  await t.test('one is silenced and told of again, by keys alone', async t => {
    await now.getByRole('button', { name: /^Silence/ }).focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Silence queue_paused?' })
    await dialog.getByRole('combobox', { name: 'For' }).selectOption({ label: 'a day' })
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('we move')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    const silences = page.getByRole('list', { name: 'Silences' })
    await silences.getByText('we move').waitFor()
    await becomes(t, () => silences.textContent(), /queue_paused of queue media/)
    await now.getByText('silenced, ends in').waitFor()
    const { items } = (await service.get('/api/problems/silences')).json()
    t.ok(Date.parse(items[0].until) - Date.now() > 86_000_000)
    t.strictSame(await barriers(page), [])
    await silences.getByRole('button', { name: 'End the silence of queue_paused' }).click()
    await until(
      async () => (await service.get('/api/problems/silences')).json().items.length === 0,
      'the silence is ended'
    )
  })

  await t.test('its button mends it; production asks first', async t => {
    await now.getByRole('button', { name: 'Resume queue media' }).click()
    const dialog = page.getByRole('dialog', { name: 'Resume queue media?' })
    await dialog.getByText('This is production.').waitFor()
    t.equal((await service.get('/api/problems')).json().items.length, 1)
    await dialog.getByRole('button', { name: 'Resume queue media' }).click()
    await page.getByText('All is well').waitFor()
    await page.getByRole('link', { name: 'Alerts by webhook' }).click()
    await page.waitForURL(`${address}/ui/webhooks`)
  })

  t.strictSame(complaints, [])
})
