import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Fastify from 'fastify'
import t from 'tap'
import { bundleDashboard } from '../../src/dashboard/bundle.ts'
import { dashboardRoutes } from '../../src/dashboard/routes.ts'
import { openService } from '../harness/service.ts'

const service = await openService(t)
const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

t.test('every address below /ui is the same page, under a policy without exceptions', async t => {
  for (const [url, up] of [
    ['/ui', 'ui/'],
    ['/ui/', ''],
    ['/ui/tasks', ''],
    ['/ui/tasks/', '../'],
    ['/ui/tasks/0198?peek=a/b', '../'],
    ['/ui/a/b/c', '../../']
  ] as const) {
    const { statusCode, headers, body } = await service.get(url, html)
    t.equal(statusCode, 200, url)
    t.match(headers, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'cross-origin-opener-policy': 'same-origin',
      'x-content-type-options': 'nosniff'
    })
    const policy = String(headers['content-security-policy'])
    t.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/)
    t.match(policy, /frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'$/)
    t.notMatch(policy, /unsafe|\*|https?:/)
    t.notMatch(body, /<script(?![^>]*src=)|style="|<style|\son\w+=/, 'nothing is inline')
    const assets = [...body.matchAll(/(?:src|href)="([^"]+\.\w+)"/g)].map(([, asset]) => asset!)
    const [, , ...parts] = assets.map(asset => path.basename(asset))
    const script = (await service.get(`/ui/assets/${/main-[^"]+/.exec(body)}`)).body
    const imported = [...script.matchAll(/(?:from|import)"\.\/([^"]+)"/g)].map(([, name]) => name!)
    t.ok(imported.length > 0)
    t.strictSame(
      imported.filter(name => !parts.includes(name)),
      [],
      'what the script imports is asked for with it'
    )
    for (const asset of assets) {
      t.ok(asset.startsWith(`${up}assets/`), `${asset} of ${url}`)
      t.equal((await service.get(new URL(asset, `http://x${url}`).pathname)).statusCode, 200)
    }
    t.equal((await service.get(url, { 'if-none-match': String(headers.etag) })).statusCode, 304)
  }
})

t.test('scripts and styles are sent compressed, for ever', async t => {
  const [, script] = /assets\/(chunk-[^"]+)/.exec((await service.get('/ui')).body)!
  const plain = await service.get(`/ui/assets/${script}`)

  t.match(plain.headers, { 'content-type': 'text/javascript; charset=utf-8', 'cache-control': /immutable/ })
  for (const encoding of ['br', 'gzip']) {
    const sent = await service.get(`/ui/assets/${script}`, { 'accept-encoding': encoding })
    t.equal(sent.headers['content-encoding'], encoding)
    t.ok(sent.rawPayload.length * 2 < plain.rawPayload.length)
  }
  for (const name of ['nothing.js', '..%2fbundle.ts', 'main.tsx', '__proto__']) {
    t.equal((await service.get(`/ui/assets/${name}`)).json().code, 'ROUTE_NOT_FOUND', name)
  }
})

t.test('all pages together are at most 120 KB, without the libraries that a stream loads', async t => {
  const { assets } = await bundleDashboard()
  const isLibrary = (name: string) => /^hls[.-]/.test(name)
  const sizes = [...assets]
    .filter(([name]) => !name.endsWith('.txt') && !isLibrary(name))
    .map(([, { gzip }]) => gzip.length)

  t.ok(sizes.reduce((sum, size) => sum + size, 0) < 120_000)
  t.equal([...assets.keys()].filter(name => isLibrary(name) && name.endsWith('.js')).length, 2, 'files of their own')
})

t.test('a browser at the root is led to it; programs and PUBLIC_DIR see no difference', async t => {
  const led = await service.get('/', html)
  t.match([led.statusCode, led.headers.location], [302, 'ui'])
  t.equal((await service.get('/')).json().code, 'ROUTE_NOT_FOUND')
  t.equal((await service.get('/nothing', html)).json().code, 'ROUTE_NOT_FOUND')

  const PUBLIC_DIR = await mkdtemp(path.join(tmpdir(), 'darkroom-pages-'))
  t.teardown(() => rm(PUBLIC_DIR, { recursive: true, force: true }))
  const other = await openService(t, { env: { PUBLIC_DIR } })
  t.equal((await other.get('/', html)).statusCode, 302, 'without a page of its own')
  await writeFile(path.join(PUBLIC_DIR, 'index.html'), '<title>mine</title>')
  t.equal((await other.get('/', html)).body, '<title>mine</title>')
  t.equal((await other.get('/ui', html)).statusCode, 200)
})

t.test('without esbuild the page says so, and comes as soon as it is there', async t => {
  const cache = await mkdtemp(path.join(tmpdir(), 'darkroom-ui-'))
  t.teardown(() => rm(cache, { recursive: true, force: true }))
  const app = Fastify()
  let name = 'esbuild-that-is-not-installed'
  await app.register(dashboardRoutes, { bundle: () => bundleDashboard(cache, () => import(name)) })
  t.teardown(() => app.close())

  const without = await app.inject('/ui')
  name = 'esbuild'
  const then = await app.inject('/ui')

  t.equal(without.statusCode, 503)
  t.match(without.body, /bundled by esbuild, and that failed here/)
  t.match(without.body, /scripts\/server/)
  t.equal(then.statusCode, 200)
})
