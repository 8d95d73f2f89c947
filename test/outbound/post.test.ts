import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, connect, createServer as createTcpServer, type Server } from 'node:net'
import path from 'node:path'
import type { Duplex } from 'node:stream'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { readConfig } from '../../src/config.ts'
import { keepConnections } from '../../src/outbound/connections.ts'
import { guardOf } from '../../src/outbound/guard.ts'
import { post } from '../../src/outbound/post.ts'

const open = readConfig({ WEBHOOK_ALLOW_NETWORKS: '127.0.0.0/8' }).WEBHOOK_ALLOW_NETWORKS!
const base = { database: 'postgres://localhost:1/darkroom', port: 1 }
const guard = guardOf({ ...base, open })

async function listen(t: Test, server: Server) {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const sockets = new Set<Duplex>()
  server.on('connection', socket => sockets.add(socket))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

function kept(t: Test, options: Partial<Parameters<typeof keepConnections>[0]> = {}) {
  const connections = keepConnections({ guard, ...options })
  t.teardown(connections.close)
  return connections
}

/** A receiver that counts its connections. */
async function receiver(t: Test) {
  const asked = { connections: 0, requests: 0 }
  const server = createServer((request, response) => {
    asked.requests++
    request.resume().on('end', () => response.writeHead(200).end('ok'))
  })
  server.on('connection', () => asked.connections++)
  return { asked, server, port: await listen(t, server) }
}

t.test('a connection is kept for the next request, and its name looked up again when it has become old', async t => {
  const { asked, port } = await receiver(t)
  let looks = 0
  const guard = guardOf({
    ...base,
    open,
    resolve: (_, __, done) => {
      looks++
      done(null, [{ address: '127.0.0.1', family: 4 }])
    }
  })
  const url = `http://receiver.example:${port}/`
  const send = (connections: ReturnType<typeof keepConnections>) => post({ url, headers: {}, body: '{}', connections })

  const young = kept(t, { guard })
  for (let n = 0; n < 3; n++) t.match(await send(young), { status: 200, text: 'ok', address: '127.0.0.1' })
  t.strictSame([asked.connections, asked.requests, looks], [1, 3, 1])

  const old = kept(t, { guard, oldest: 0 })
  for (let n = 0; n < 3; n++) await send(old)
  t.strictSame([asked.connections, asked.requests, looks], [4, 6, 4])
})

t.test('a kept connection that the receiver closes meanwhile is no failure of the receiver', async t => {
  const connections = kept(t)
  const seen = new WeakMap<Duplex, number>()
  let requests = 0
  let refused = false
  const server = createServer((request, response) => {
    const earlier = seen.get(request.socket) ?? 0
    seen.set(request.socket, earlier + 1)
    requests++
    if (earlier > 0 || refused) return request.socket.destroy()
    request.resume().on('end', () => response.writeHead(204).end())
  })
  const url = `http://127.0.0.1:${await listen(t, server)}/`
  const send = () => post({ url, headers: {}, body: '{}', connections })

  t.match(await send(), { status: 204 })
  t.match(await send(), { status: 204 }, 'asked again by a new connection')
  t.equal(requests, 3)
  refused = true
  await t.rejects(post({ url, headers: {}, body: '{}', connections: kept(t) }), { code: 'ECONNRESET' })
  t.equal(requests, 4, 'a new one is not asked again')
})

t.test('silence, and an answer that drips, end after the limit', async t => {
  const send = async (say: (socket: Duplex) => void) => {
    const port = await listen(
      t,
      createTcpServer(socket => {
        socket.on('error', () => {})
        socket.once('data', () => say(socket))
      })
    )
    const connections = kept(t)
    return post({ url: `http://127.0.0.1:${port}/`, headers: {}, body: '{}', connections, patience: 300 })
  }
  const drip = (text: string) => (socket: Duplex) => {
    socket.write(text)
    const timer = setInterval(() => socket.write('x'), 20)
    socket.on('close', () => clearInterval(timer))
  }

  await t.rejects(
    send(() => {}),
    { message: 'no answer in 0.3 s' }
  )
  await t.rejects(send(drip('HTTP/1.1 200 OK\r\nx-drip: ')), { message: 'no answer in 0.3 s' })
  t.match(await send(drip('HTTP/1.1 200 OK\r\n\r\n')), { status: 200, text: /^x+$/ }, 'by then its status is known')
})

t.test('WEBHOOK_PROXY: every request goes through it, and TLS is with the receiver', async t => {
  const asked: { method?: string | undefined; url?: string | undefined; authorization?: string | undefined }[] = []
  const note = ({ method, url, headers }: IncomingMessage) =>
    asked.push({ method, url, authorization: headers['proxy-authorization'] })
  const folder = t.testdir()
  const files = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')] as const
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
    ...['-subj', '/CN=hooks.example', '-keyout', files[0], '-out', files[1]]
  ])
  const [key, cert] = await Promise.all(files.map(file => readFile(file)))
  const names: unknown[] = []
  const SNICallback = (name: string, done: (error: null) => void) => {
    names.push(name)
    done(null)
  }
  const secure = createSecureServer({ key, cert, SNICallback })
  const securePort = await listen(t, secure)

  const proxy = createServer((request, response) => {
    note(request)
    request.resume().on('end', () => response.writeHead(201).end('from the proxy'))
  })
  proxy.on('connect', (request, socket: Duplex) => {
    note(request)
    if (request.url?.startsWith('closed')) return socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
    const onward = connect(securePort, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
    onward
      .on('error', () => socket.destroy())
      .pipe(socket)
      .on('error', () => onward.destroy())
      .pipe(onward)
  })
  const port = await listen(t, proxy)
  const open = readConfig({ WEBHOOK_ALLOW_NETWORKS: 'inner:8065' }).WEBHOOK_ALLOW_NETWORKS!
  const resolve = () => t.fail('the proxy resolves names')
  const proxied = new URL(`http://me:pa%20ss@127.0.0.1:${port}`)
  const connections = kept(t, { guard: guardOf({ ...base, open, resolve }), proxy: proxied })
  const send = (url: string) => post({ url, headers: {}, body: '{}', connections })

  t.match(await send('http://inner:8065/hook?a=1'), { status: 201, text: 'from the proxy', address: null })
  await t.rejects(
    send('https://hooks.example/x'),
    { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    'its certificate is checked'
  )
  t.strictSame(names, ['hooks.example'])
  await t.rejects(send('https://closed.example:8443/x'), { message: 'the proxy answered 403' })
  await t.rejects(send('https://10.0.0.1/'), { name: 'Refused' }, 'what is refused is not sent to it')
  const authorization = `Basic ${Buffer.from('me:pa ss').toString('base64')}`
  t.strictSame(asked, [
    { method: 'POST', url: 'http://inner:8065/hook?a=1', authorization },
    { method: 'CONNECT', url: 'hooks.example:443', authorization },
    { method: 'CONNECT', url: 'closed.example:8443', authorization }
  ])
})
