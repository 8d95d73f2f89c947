import t from 'tap'
import { becomes } from '../harness/becomes.ts'
import { skipWithoutBrowser } from '../harness/browser.ts'
import { barriers, loaded, openDashboard, sideways } from '../harness/dashboard.ts'
import { addWebhook, deliveries, local, openReceiver } from '../harness/receiver.ts'
import { openService } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'

const script = `<script>document.title = 'broken'</script><img src=x onerror="document.title='broken'">`
const backwards = '\u202eshalom \u05e9\u05dc\u05d5\u05dd'
const long = 'a word without an end'.replaceAll(' ', '').repeat(280)

t.test('every page', { skip: skipWithoutBrowser }, async t => {
  const fails = `throw Object.assign(new Error(args.say), { name: 'Broken' })`
  const tasks = await taskFolder(t, { 'fails.mjs': taskModule('fails', fails, 'max_retries: 0') })
  const env = { TASKS_DIR: tasks, ...local }
  const service = await openService(t, { worker: true, env })
  const address = await service.listen()
  const { visit, complaints } = await openDashboard(t, address)

  const receiver = await openReceiver(t, response => response.writeHead(500).end(script + long))
  const hook = await addWebhook(service, `${receiver.url}/${long}`.slice(0, 2000), {
    description: script + backwards,
    queues: [script.slice(0, 99)]
  })
  await service.post(`/api/webhooks/${hook.id}/test`)
  const failed = await service.submit('fails', { say: script + long }, { name: script, description: long })
  await service.submit(
    'process_data',
    { data: long },
    { name: backwards, tags: ['javascript:alert(1)', script.slice(0, 99)] }
  )
  const running = await service.submit('sleep', { seconds: 600 })
  await service.post('/api/queues/low_priority/pause')
  const waiting = await service.submit('add', { x: 1, y: 2 }, { queue: 'low_priority' })
  await service.submit('add', { x: 1, y: 2 }, { countdown: 3600, name: long.slice(0, 200) })
  const film = await service.keep('no film', `${script.replaceAll('/', '|').slice(0, 120)}.mp4`)
  const schedule = (
    await service.post('/api/schedules', {
      ...{ name: `nightly ${script.slice(0, 60)}`, args: { data: '' }, cron: '30 2 * * *', timezone: 'Europe/Berlin' },
      ...{ description: backwards + long, note: script }
    })
  ).json().id
  await service.post(`/api/schedules/${schedule}/run`)
  await Promise.all([service.finished(failed), service.finished(film.task_id)])
  await service.until(running, ({ state }) => state === 'STARTED')
  const [alike] = (await service.get('/api/errors?task=fails')).json().items
  const [worker] = (await service.get('/api/workers')).json().items
  const [message] = await deliveries(service, hook.id, ([one]) => one.attempts.length > 0)

  const pages: Record<string, string> = {
    '': 'Overview',
    '/tasks': 'Tasks',
    '/tasks?status=FAILED&q=nothing': 'Tasks',
    [`/tasks?peek=${failed}`]: 'Tasks',
    [`/tasks/${failed}`]: `fails ${script}`,
    [`/tasks/${running}?tab=log`]: 'sleep',
    [`/tasks/${waiting}?tab=events`]: 'add',
    '/new?task=fails': 'New task',
    '/videos': 'Films',
    [`/videos/${film.id}`]: `${script.replaceAll('/', '|').slice(0, 120)}.mp4`,
    '/queues': 'Queues',
    '/workers': 'Workers',
    [`/workers/${worker.id}`]: `Worker on ${worker.host}`,
    '/schedules': 'Schedules',
    '/schedules/new': 'New schedule',
    [`/schedules/${schedule}`]: `nightly ${script.slice(0, 60)}`,
    [`/schedules/${schedule}?edit=1`]: `Edit nightly ${script.slice(0, 60)}`,
    '/problems': 'Problems',
    '/errors': 'Errors',
    [`/errors/${alike.fingerprint}`]: 'fails: Broken',
    '/webhooks': 'Webhooks',
    [`/webhooks/${hook.id}?message=${message.id}`]: script + backwards,
    '/keys': 'Keys',
    '/audit': 'Audit',
    '/doctor': 'Doctor',
    '/settings': 'Settings'
  }

  for (const [path, heading] of Object.entries(pages)) {
    t.test(
      `${path.replaceAll(/[0-9a-f-]{36}/g, '<id>') || '/'} can be used by everybody, whatever texts hold`,
      async t => {
        const page = await visit(path)

        t.equal(await page.getByRole('main').count(), 1)
        t.strictSame(await page.getByRole('heading', { level: 1 }).allTextContents(), [heading])
        t.notMatch(await page.title(), /^broken/)
        await page.getByRole('button', { name: 'Copy as …' }).last().click()
        const copies = async () => (await page.getByRole('menuitem').allTextContents()).slice(0, 3)
        await becomes(t, copies, ['Copy as curl', 'Copy as CLI', 'Copy as SQL'])
        await page.keyboard.press('Escape')
        for (const width of [1440, 360]) {
          await page.setViewportSize({ width, height: 800 })
          t.strictSame(await barriers(page), [], `${width} px`)
          t.equal(await sideways(page), 0, `${width} px`)
        }
        await page.emulateMedia({ colorScheme: 'dark' })
        for (const width of [360, 1440]) {
          await page.setViewportSize({ width, height: 800 })
          t.strictSame(await barriers(page, { colours: true }), [], `in the dark, ${width} px`)
        }
      }
    )
  }

  t.test('the page of a worker says what keeps ffmpeg in there, and what is missing', async t => {
    const page = await visit(`/workers/${worker.id}`)
    const card = page.getByRole('region', { name: 'Media sandbox' })
    await card
      .getByText(worker.media_sandbox.files ? `by ${worker.media_sandbox.files}` : 'open')
      .first()
      .waitFor()

    const missing = [{ layer: 'network', why: 'seccomp is not there', how: 'Install koffi' }]
    const open = { files: 'landlock-7', network: null, user: 'own', proved_at: null, missing }
    await service.db.pool.query('update darkroom.workers set media_sandbox = $1', [JSON.stringify(open)])
    await card.getByText('seccomp is not there. Install koffi.').waitFor()
    await becomes(t, () => card.getByRole('definition').allTextContents(), [
      ...['kept from ffmpeg by landlock-7', 'open to ffmpeg', 'one of its own', 'no']
    ])
    await page.setViewportSize({ width: 360, height: 800 })
    t.strictSame(await barriers(page), [])
  })

  t.test('in forced colours and with large letters, too', async t => {
    const page = await visit('/tasks', { forced: true, width: 720, height: 450 })

    t.strictSame(await barriers(page), [])
    t.equal(await sideways(page), 0)
  })

  t.test('walking from page to page leaves nothing behind', async t => {
    const page = await visit('')
    for (const name of [
      'Tasks',
      'Films',
      'Schedules',
      'Queues',
      'Workers',
      'Webhooks',
      'Keys',
      'Audit',
      'Doctor',
      'Overview'
    ]) {
      await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click()
      await page.getByRole('heading', { level: 1, name }).waitFor()
      await loaded(page)
    }
    t.equal(await page.getByRole('heading', { level: 1 }).count(), 1)
  })

  t.strictSame(complaints, [])
})
