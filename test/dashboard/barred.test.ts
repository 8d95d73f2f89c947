import t from 'tap'
import { skipWithoutBrowser } from '../harness/browser.ts'
import { barriers, openDashboard, sideways } from '../harness/dashboard.ts'
import { openService } from '../harness/service.ts'

t.test(
  'a page that a proxy sends for the public says why all is refused, and what mends it',
  {
    skip: skipWithoutBrowser
  },
  async t => {
    const service = await openService(t)
    const { visit, complaints } = await openDashboard(t, await service.listen())
    const page = await visit('/tasks', {
      width: 360,
      height: 740,
      scheme: 'dark',
      before: page => page.setExtraHTTPHeaders({ 'x-forwarded-for': '8.8.4.4' })
    })

    await page.getByRole('heading', { level: 1, name: 'Closed to public addresses' }).waitFor()
    await page.getByRole('alert').getByText('8.8.4.4').waitFor()
    await page.getByText('OPEN_TO_THIS_MACHINE').waitFor()
    await page.getByText('scripts/darkroom key create --preset admin').waitFor()
    await page.getByText('reconnecting').waitFor({ state: 'detached' })
    t.strictSame(await barriers(page), [])
    t.strictSame(await barriers(page, { colours: true }), [])
    t.equal(await sideways(page), 0)

    const { key } = (await service.post('/api/keys', { name: 'first', preset: 'admin' })).json()
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('dialog', { name: 'Sign in' }).getByLabel('Key', { exact: true }).fill(key)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Tasks' }).waitFor()
    await page.getByRole('button', { name: 'Live: stop updates' }).waitFor()
    t.ok(complaints.length > 0)
    t.strictSame(
      complaints.filter(text => !/\b40[13]\b/.test(text)),
      []
    )
  }
)
