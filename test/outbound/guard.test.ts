import type { LookupAddress } from 'node:dns'
import { networkInterfaces } from 'node:os'
import t, { type Test } from 'tap'
import { readConfig } from '../../src/config.ts'
import { keepConnections } from '../../src/outbound/connections.ts'
import { type Guard, guardOf, Refused } from '../../src/outbound/guard.ts'
import { post } from '../../src/outbound/post.ts'
import { openReceiver } from '../harness/receiver.ts'

const base = { database: 'postgres://me:secret@10.9.9.9:6543/db', port: 8000 }
const guard = guardOf(base)
const opened = (text: string) => readConfig({ WEBHOOK_ALLOW_NETWORKS: text }).WEBHOOK_ALLOW_NETWORKS!

const refused = [
  ...[
    'http://127.1',
    'http://2130706433',
    'http://0x7f.1',
    'http://0177.0.0.1',
    'http://①②⑦.0.0.1',
    'http://127。0。0。1'
  ],
  ...['127.1', '2130706433', '0x7f.1', '0177.0.0.1', '①②⑦.0.0.1', '127。0。0。1'].map(host => `https://${host}`),
  ...['[::]', '[::1]', '[::ffff:7f00:1]', '[::ffff:127.0.0.1]', '[::127.0.0.1]', '[::ffff:0:127.0.0.1]'].map(
    host => `https://${host}`
  ),
  ...['[64:ff9b::7f00:1]', '[64:ff9b:1::1]', '[fec0::1]', '[fc00::1]', '[fd00:ec2::254]', '[fe80::1]', '[ff02::1]'].map(
    host => `https://${host}`
  ),
  ...['[2002:7f00:1::]', '[2001:db8::1]', '[2001::1]', '[3fff::1]'].map(host => `https://${host}`),
  ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '169.254.169.254', '172.16.0.1', '172.31.255.255'].map(h => `https://${h}`),
  ...['192.0.0.1', '192.0.2.1', '192.88.99.1', '192.168.1.1', '198.18.0.1', '198.51.100.1', '203.0.113.1'].map(
    host => `https://${host}`
  ),
  ...['224.0.0.1', '240.0.0.1', '255.255.255.255'].map(host => `https://${host}`),
  ...['localhost', 'localhost.', 'a.localhost', 'printer.local', 'db.internal', 'nas.home.arpa', 'intranet'].map(
    host => `https://${host}`
  ),
  ...['http://example.com', 'ftp://example.com', 'file:///etc/passwd', 'example.com', '', 'https://', 'javascript:1'],
  ...['https://u:p@example.com', 'https://u@example.com'],
  ...['https://example.com:25', 'https://example.com:22', 'https://example.com:80', 'https://example.com:0'],
  ...['https://example.com:6543', 'https://example.com:8000'],
  `https://${'a'.repeat(300)}.example`
]

for (const url of refused) {
  t.test(`${JSON.stringify(url.slice(0, 60))} is refused before anything is looked up`, async t => {
    t.type(guard.problemOf(url), 'string')
  })
}

const fine = [
  ...['https://example.com', 'https://example.com/hook?a=b', 'https://example.com:8443', 'https://example.com:5000'],
  ...['https://8.8.8.8', 'https://[2606:4700::1111]', 'https://172.32.0.1', 'https://example.com.']
]
for (const url of fine) {
  t.test(`${url} is a public address`, async t => {
    t.equal(guard.problemOf(url), undefined)
  })
}

function connectionsOf(t: Test, guard: Guard) {
  const connections = keepConnections({ guard })
  t.teardown(connections.close)
  return connections
}

t.test('an address of this machine is refused, public or not', async t => {
  const own = Object.values(networkInterfaces()).flatMap(each => each ?? [])
  for (const { address, family } of own) {
    const host = family === 'IPv6' ? `[${address.replace(/%.*/, '')}]` : address
    t.type(guard.problemOf(`https://${host}`), 'string', host)
  }
})

t.test('an opened network opens that network alone', async t => {
  const guard = guardOf({ ...base, open: opened('10.1.0.0/16, 169.254.0.0/16,fd12::/48, mattermost:8065') })
  const openTo = (address: string, url: string) => guard.isAllowed(address, new URL(url))

  for (const url of [
    'http://10.1.2.3',
    'https://10.1.2.3',
    'http://[fd12::1]:3000',
    'http://mattermost:8065/hooks/x'
  ]) {
    t.equal(guard.problemOf(url), undefined, url)
  }
  for (const url of ['http://10.2.0.1', 'https://10.2.0.1', 'http://169.254.169.254', 'http://[fd13::1]:3000']) {
    t.type(guard.problemOf(url), 'string', url)
  }
  t.ok(openTo('10.1.0.1', 'http://chat.internal'), 'a local name that leads there')
  t.notOk(openTo('10.2.0.1', 'http://chat.internal'))
  t.notOk(openTo('8.8.8.8', 'http://example.com'), 'plain HTTP only to opened places')
  t.ok(openTo('192.168.7.7', 'http://mattermost:8065'), 'a host with its port, wherever it is')
  t.notOk(openTo('169.254.169.254', 'http://mattermost:8065'), 'but never the metadata address')
  t.notOk(openTo('::ffff:169.254.169.254', 'http://mattermost:8065'))
  t.notOk(openTo('192.168.7.7', 'http://mattermost:8066'))
})

t.test('every address of a name is checked, and one bad one refuses all', async t => {
  const answers = [
    [{ address: '8.8.8.8', family: 4 }],
    [
      { address: '8.8.8.8', family: 4 },
      { address: '10.0.0.1', family: 4 }
    ],
    [{ address: '::ffff:127.0.0.1', family: 6 }],
    []
  ]
  const seen: unknown[] = []
  for (const answer of answers) {
    const guard = guardOf({ ...base, resolve: (_, __, done) => done(null, answer) })
    const look = guard.lookup(new URL('https://example.com'))
    look('example.com', { all: true }, (error, found) => seen.push(error ?? found))
    t.equal(await guard.isRefused('https://example.com'), answer !== answers[0])
  }

  t.match(
    seen,
    [answers[0], Refused, Refused, Refused].map(each => (Array.isArray(each) ? each : { name: 'Refused' }))
  )
})

t.test('a name that leads elsewhere at the next look-up is looked up once, and nothing is sent', async t => {
  const canary = await openReceiver(t)
  const port = Number(new URL(canary.url).port)
  const flips: LookupAddress[] = [
    { address: '127.0.0.1', family: 4 },
    { address: '8.8.8.8', family: 4 }
  ]
  let looks = 0
  const guard = guardOf({ ...base, resolve: (_, __, done) => done(null, [flips[looks++]!]) })

  await t.rejects(
    post({ url: `https://example.com:${port}/`, headers: {}, body: '{}', connections: connectionsOf(t, guard) }),
    {
      name: 'Refused'
    }
  )

  t.equal(looks, 1)
  t.equal(canary.received.length, 0)
})

t.test('no proxy of the environment is used', async t => {
  const proxy = await openReceiver(t)
  const receiver = await openReceiver(t)
  const guard = guardOf({ ...base, open: opened('127.0.0.0/8') })
  const before = { ...process.env }
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy']) process.env[name] = new URL(proxy.url).origin
  process.env.NODE_USE_ENV_PROXY = '1'
  t.teardown(() => {
    for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'NODE_USE_ENV_PROXY']) {
      delete process.env[name]
      if (before[name] !== undefined) process.env[name] = before[name]
    }
  })

  t.match(await post({ url: receiver.url, headers: {}, body: '{}', connections: connectionsOf(t, guard) }), {
    status: 204,
    address: '127.0.0.1'
  })

  t.equal(proxy.received.length, 0)
})

t.test('a gigabyte of an answer is cut at 64 KiB, and a megabyte of headers is a failure', async t => {
  let sent = 0
  const receiver = await openReceiver(t, response => {
    response.writeHead(200)
    const more = () => {
      while (!response.destroyed && sent < 1024 ** 3) {
        sent += 65_536
        if (!response.write(Buffer.alloc(65_536, 'x'))) return void response.once('drain', more)
      }
    }
    more()
  })
  const guard = guardOf({ ...base, open: opened('127.0.0.0/8') })
  const send = () => post({ url: receiver.url, headers: {}, body: '{}', connections: connectionsOf(t, guard) })

  const { status, text } = await send()
  t.equal(status, 200)
  t.equal(text.length, 1024)
  t.ok(sent < 64 * 1024 ** 2, `${sent} bytes were sent`)

  receiver.answer = (_, __, request) => {
    request.socket.write(`HTTP/1.1 200 OK\r\n${'x-more: yes\r\n'.repeat(90_000)}\r\n`)
  }
  await t.rejects(send(), { message: 'more than 16 KiB of headers' })
})
