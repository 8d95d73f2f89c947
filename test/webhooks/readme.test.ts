import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { addWebhook, local, openReceiver } from '../harness/receiver.ts'
import { openService } from '../harness/service.ts'

t.test('the receiver of the README verifies our messages, and no others', async t => {
  const readme = await readFile(path.resolve(import.meta.dirname, '../../README.md'), 'utf8')
  const code = [...readme.matchAll(/```js\n([\s\S]*?)\n```/g)].find(([, code]) => code!.includes('whsec_'))![1]
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-readme-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await writeFile(path.join(folder, 'verify.mjs'), code!)
  const { verify } = await import(path.join(folder, 'verify.mjs'))
  const service = await openService(t, { env: local, worker: true })
  const receiver = await openReceiver(t)
  const { id, secret } = await addWebhook(service, receiver.url)
  const { secret: next } = (await service.post(`/api/webhooks/${id}/rotate`)).json()

  await service.post(`/api/webhooks/${id}/test`)
  const [{ text, headers, body } = {} as any] = await receiver.got(1)

  t.strictSame(verify(text, headers, secret), body)
  t.strictSame(verify(text, headers, next), body)
  t.throws(() => verify(`${text} `, headers, secret), { message: /not signed/ })
  t.throws(() => verify(text, headers, `whsec_${Buffer.alloc(32).toString('base64')}`), { message: /not signed/ })
  t.throws(() => verify(text, { ...headers, 'webhook-timestamp': '1' }, secret), { message: /too old/ })
  t.throws(() => verify(text, { ...headers, 'webhook-timestamp': 'now' }, secret), { message: /too old/ })
})
