import t from 'tap'
import { skipWithoutBrowser } from '../harness/browser.ts'
import { shoot } from '../harness/clip.ts'
import { barriers, openDashboard, sideways } from '../harness/dashboard.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'

t.test('links to films in the dashboard', { skip: skipWithoutBrowser }, async t => {
  const service = await openService(t, { worker: true, env: { PLAYBACK: 'signed' } })
  const address = await service.listen()
  const { visit, complaints } = await openDashboard(t, address)

  t.test('a film is shared by a link that plays without a key, until it is revoked', async t => {
    const film = await service.keep(await shoot({ size: '320x240', seconds: 1 }))
    await service.finished(film.task_id)
    const page = await visit(`/videos/${film.id}`)
    await page.getByRole('button', { name: 'Share' }).click()
    const dialog = page.getByRole('dialog', { name: /^Share/ })
    await dialog.getByLabel('For').selectOption('an hour')
    await dialog.getByRole('button', { name: 'Create link' }).click()
    const links = dialog.getByRole('region', { name: 'Links' })
    const link = (await links.getByRole('region', { name: 'Link', exact: true }).textContent())!
    const stream = (await links.getByRole('region', { name: 'Stream' }).textContent())!
    t.strictSame(await barriers(page), [])
    for (const [url, type] of [
      [link, 'video/mp4'],
      [stream, 'application/vnd.apple.mpegurl']
    ] as const) {
      t.ok(url.startsWith(`${address}/play/`), url)
      const answer = await fetch(url)
      t.match([answer.status, answer.headers.get('content-type')], [200, type])
    }
    await page.setViewportSize({ width: 360, height: 740 })
    t.equal(await sideways(page), 0)
    await page.setViewportSize({ width: 1440, height: 900 })

    await dialog.getByRole('button', { name: 'Revoke all links' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke links' }).click()
    await page.getByText('No older link is valid').waitFor()
    t.equal((await fetch(link)).status, 403)
  })

  t.test('a film is made public', async t => {
    const film = await service.keep('no film')
    const page = await visit(`/videos/${film.id}`)
    await page.getByLabel('Playback').selectOption('public')
    await page.getByText('Playback is changed').waitFor()
    await until(async () => (await page.getByLabel('Playback').inputValue()) === 'public', 'the page shows it')
    t.strictSame(await barriers(page), [])
    t.equal((await service.get(`/api/videos/${film.id}`)).json().playback, 'public')
  })

  t.test('an app gets a signing key, which is shown once and retired', async t => {
    const page = await visit('/keys')
    const dialog = page.getByRole('dialog')
    await page.getByRole('button', { name: 'New signing key' }).click()
    await dialog.getByLabel('Name').fill('shop')
    await dialog.getByRole('button', { name: 'Create' }).click()
    t.match(await dialog.getByRole('region', { name: 'Signing key' }).textContent(), /^dr_g_/)
    await dialog.getByRole('button', { name: 'I have copied it' }).click()
    await page.getByRole('button', { name: 'Retire shop' }).click()
    await dialog.getByRole('button', { name: 'Retire key' }).click()
    await page.getByText('retired', { exact: true }).waitFor()
    t.match((await service.get('/api/signing-keys')).json().items, [{ name: 'shop', retired_at: /^20/ }])
  })

  t.strictSame(complaints, [])
})
