import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { borrowDatabase } from '../harness/database.ts'
import { addressOf, startProgram } from '../harness/program.ts'
import { until } from '../harness/until.ts'

t.test('the worker of a server sends its webhooks through WEBHOOK_PROXY', async t => {
  const asked: string[] = []
  const proxy = createServer((request, response) => {
    asked.push(request.url ?? '')
    request.resume().on('end', () => response.writeHead(204).end())
  }).listen(0, '127.0.0.1')
  t.teardown(() => proxy.close())
  await once(proxy, 'listening')
  const { port } = proxy.address() as AddressInfo
  const program = await startProgram(t, 'server', {
    env: {
      DATABASE_URL: await borrowDatabase(t),
      WEBHOOK_PROXY: `http://user:word@127.0.0.1:${port}`,
      WEBHOOK_ALLOW_NETWORKS: 'inner:8065'
    }
  })
  const url = `${await addressOf(program)}/api/webhooks`
  const post = (url: string, body: object) =>
    fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

  const made = await post(url, { url: 'http://inner:8065/hook' })
  t.equal(made.status, 201)
  const { id } = (await made.json()) as { id: string }
  t.equal((await post(`${url}/${id}/test`, {})).status, 202)

  await until(async () => asked.length > 0, 'the proxy is asked')
  t.strictSame(asked, ['http://inner:8065/hook'])
})
