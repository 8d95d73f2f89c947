import { hostname } from 'node:os'
import t from 'tap'
import { isProduction, toneOf } from '../../src/dashboard/words/environment.ts'
import { becomes } from '../harness/becomes.ts'
import { skipWithoutBrowser } from '../harness/browser.ts'
import { barriers, openDashboard, sideways } from '../harness/dashboard.ts'
import { openService } from '../harness/service.ts'

t.test('production is told from all others', async t => {
  t.strictSame(['production', 'Prod', 'staging', 'Pre-production', 'films of the shop', null].map(toneOf), [
    'production',
    'production',
    'trial',
    'trial',
    'named',
    'host'
  ])
  t.strictSame(['production', 'product', null].map(isProduction), [true, false, false])
})

t.test('without a name the host says which installation this is', { skip: skipWithoutBrowser }, async t => {
  const service = await openService(t)
  const { visit, complaints } = await openDashboard(t, await service.listen())
  const page = await visit('')

  await page.getByRole('link', { name: `Host ${hostname()}` }).waitFor()
  t.strictSame(complaints, [])
})

t.test('production has its name on every page, and asks twice', { skip: skipWithoutBrowser }, async t => {
  const service = await openService(t, { worker: true, env: { ENVIRONMENT: 'production' } })
  const address = await service.listen()
  const { visit, complaints } = await openDashboard(t, address)
  const id = await service.submit('add', { x: 1, y: 2 })
  await service.finished(id)
  const page = await visit(`/tasks/${id}`, { width: 360, height: 740 })

  t.equal(await sideways(page), 0)
  await page.getByRole('button', { name: /^Forget/ }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: /^Forget/, disabled: true }).waitFor()
  await dialog.getByRole('textbox', { name: 'Type production' }).fill('production')
  await dialog.getByRole('button', { name: /^Forget/ }).click()
  await page.waitForURL(`${address}/ui/tasks`)
  t.equal((await service.get(`/api/tasks/${id}`)).statusCode, 404)

  await page.getByRole('link', { name: 'Environment production' }).click()
  await page.waitForURL(`${address}/ui/settings`)
  const about = page.getByRole('region', { name: 'This installation' })
  const { version, postgres } = (await service.get('/api/about')).json()
  await about.getByText(`Darkroom ${version}, Node.js ${process.versions.node}`).waitFor()
  await becomes(t, () => about.textContent(), new RegExp(`Postgres ${postgres}.*, [\\d.]+ MB`))
  t.strictSame(await barriers(page), [])
  t.strictSame(
    complaints.filter(text => !text.includes('404 (Not Found)')),
    []
  )
})
