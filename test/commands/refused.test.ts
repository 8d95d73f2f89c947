import { spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { version } from '../../src/version.ts'
import { darkroomAt } from '../harness/cli.ts'

const home = await mkdtemp(path.join(tmpdir(), 'darkroom-cli-'))
t.teardown(() => rm(home, { recursive: true, force: true }))
const darkroom = darkroomAt(home)

/** What a proxy, another program or another version may answer. */
async function serve(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const problem =
  (status: number, code: string, detail: string): RequestListener =>
  (_, response) =>
    void response
      .writeHead(status, { 'content-type': 'application/problem+json' })
      .end(JSON.stringify({ status, code, detail }))
const page: RequestListener = (_, response) =>
  void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Log in')

const seen: string[] = []
const at = {
  page: await serve(page),
  gateway: await serve((_, response) => void response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>502')),
  text: await serve((_, response) => void response.writeHead(200, { 'content-type': 'text/plain' }).end('hello')),
  other: await serve(
    (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"hello": 1}')
  ),
  https: await serve((_, response) => void response.writeHead(301, { location: 'https://films.example/' }).end()),
  closed: await serve(({ headers }, response) => {
    seen.push(headers.authorization ?? '')
    problem(401, 'UNAUTHENTICATED', 'The key is missing or not valid')({} as never, response as never)
  }),
  old: await serve((request, response) =>
    request.url === '/api/about'
      ? void response.writeHead(200, { 'content-type': 'application/json' }).end('{"version": "0.0.9"}')
      : problem(404, 'ROUTE_NOT_FOUND', 'There is nothing at GET /api/tasks')(request as never, response as never)
  ),
  hasty: await serve(request => void request.socket.destroy())
}

const cases: [string, string, number, RegExp][] = [
  [
    'nothing listens',
    'http://127.0.0.1:59999',
    3,
    /^http:\/\/127\.0\.0\.1:59999 does not answer \(connect ECONNREFUSED 127\.0\.0\.1:59999\): start the service, or set DARKROOM_URL$/
  ],
  ['the host is unknown', 'http://nowhere.invalid', 3, /does not answer \(getaddrinfo/],
  ['the connection breaks', at.hasty, 3, /does not answer/],
  ['a page', at.page, 3, /answers with text\/html and status 200, not as the service does/],
  ['a gateway without its service', at.gateway, 3, /answers with text\/html and status 502/],
  ['a text', at.text, 3, /what is not JSON/],
  ['another program', at.other, 3, /something else than a list/],
  ['a redirect', at.https, 3, /redirects to https:\/\/films\.example\/: set DARKROOM_URL/],
  ['no key', at.closed, 1, /asks for a key: set DARKROOM_KEY or DARKROOM_KEY_FILE/],
  ['another version', at.old, 1, new RegExp(`the service is version 0\\.0\\.9, this command ${version}`)],
  ['no address', 'films.example', 2, /^DARKROOM_URL must be an address/],
  ['a password in the address', 'http://a:secret@films.example', 2, /^DARKROOM_URL must be an address such as [^@]*$/]
]

for (const [what, DARKROOM_URL, code, sentence] of cases) {
  t.test(`${what}: one clear sentence, exit code ${code}`, async t => {
    const said = await darkroom(['task', 'list'], { DARKROOM_URL })
    t.match(said, { code, out: '' })
    t.match(said.err.trimEnd(), sentence)
    t.equal(said.err.trim().split('\n').length, 1, said.err)
  })
}

t.test('where no address is given, the folder is named that has none', async t => {
  const { code, err } = await darkroom(['task', 'list'], { DATA_DIR: home })
  t.match({ code, err }, { code: 3, err: `or set DARKROOM_URL; no API runs on DATA_DIR, which is ${home} here` })
})

t.test('the key comes from the environment, a file, or the config folder, if it is a secret', async t => {
  const file = path.join(home, '.config/darkroom/key')
  await mkdir(path.dirname(file), { recursive: true })
  const key = async (env: Record<string, string> = {}) => {
    seen.length = 0
    const said = await darkroom(['queue', 'list'], { DARKROOM_URL: at.closed, ...env })
    t.equal(said.code, 1)
    return [...seen, said.err].join('\n')
  }
  t.match(await key({ DARKROOM_KEY: 'dr_k_mine' }), /^Bearer dr_k_mine\n.*does not accept this key/)
  await writeFile(file, 'dr_k_file\n', { mode: 0o600 })
  t.match(await key(), /^Bearer dr_k_file\n/)
  t.match(await key({ DARKROOM_KEY_FILE: file }), /^Bearer dr_k_file\n/)
  t.match(await key({ DARKROOM_KEY_FILE: file, DARKROOM_KEY: 'x' }), /^DARKROOM_KEY and DARKROOM_KEY_FILE are both set/)
  t.match(await key({ DARKROOM_KEY_FILE: '/nowhere/key' }), /^The key in \/nowhere\/key cannot be read: ENOENT/)
  t.equal(await key({ DARKROOM_KEY: 'two words' }), 'DARKROOM_KEY holds no key: a key is one word, such as dr_k_…\n')
  await chmod(file, 0o644)
  t.equal(await key(), `The key in ${file} is not used, as other accounts can read it (0644): chmod 600 ${file}\n`)
  await rm(file)
})

t.test('the API on DATA_DIR is found by its file; one that is gone, or on another machine, is not', async t => {
  const DATA_DIR = path.join(home, 'data')
  await mkdir(DATA_DIR, { recursive: true })
  const asked = async (address: object, env = {}) => {
    await writeFile(path.join(DATA_DIR, 'address.json'), JSON.stringify(address))
    return (await darkroom(['queue', 'list'], { DATA_DIR, ...env })).err
  }
  const here = { url: 'http://0.0.0.0:59998', host: hostname(), pid: process.pid }
  t.match(await asked(here), /^http:\/\/127\.0\.0\.1:59998 does not answer/)
  t.match(await asked(here, { PORT: '59997' }), /^http:\/\/127\.0\.0\.1:59997 does not answer/)
  t.match(await asked(here, { PORT: '0' }), /:59998 /)
  t.match(
    await asked({ ...here, pid: 2 ** 22 + 1 }, { HOST: '127.0.0.2' }),
    /^http:\/\/127\.0\.0\.2:8000 does not answer/
  )
  t.match(
    await asked({ ...here, host: 'elsewhere' }, { HOST: '127.0.0.2' }),
    /^http:\/\/127\.0\.0\.2:8000 does not answer/
  )
})

t.test('a reader that leaves is no failure', async t => {
  const items = Array.from({ length: 5_000 }, (_, at) => ({ name: `queue-${at}`, depth: 0 }))
  const DARKROOM_URL = await serve(
    (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ items }))
  )
  const cli = path.resolve(import.meta.dirname, '../../src/cli.ts')
  for (const json of ['', ' --json']) {
    const line = `'${process.execPath}' '${cli}' queue list${json} | head -1; echo "\${PIPESTATUS[0]}"`
    const shell = spawn('bash', ['-c', line], { env: { ...process.env, DARKROOM_URL, HOME: home, DARKROOM_KEY: 'x' } })
    const [out, err] = await Promise.all([
      shell.stdout.setEncoding('utf8').toArray(),
      shell.stderr.setEncoding('utf8').toArray()
    ])
    t.match(out.join(''), /^(NAME.*|\{)\n0\n$/)
    t.equal(err.join(''), '')
  }
})

const wrongUses: [string[], RegExp][] = [
  [['task'], /^"darkroom task" needs the name of a command behind it\n\ndarkroom task: /],
  [['task', 'dance'], /There is no command "task dance"/],
  [['task', 'show'], /^Missing TASK/],
  [['task', 'list', 'now'], /^Unexpected argument "now"/],
  [['task', 'list', '--colour'], /^There is no option --colour/],
  [['task', 'list', '--status'], /^--status needs a value/],
  [['task', 'list', '--status', '--json'], /^--status needs a value/],
  [['task', 'list', '--json=yes'], /^--json takes no value/],
  [['task', 'list', '--limit', '0'], /^--limit must be a whole number from 1 to/],
  [['task', 'list', '--order', 'random'], /^--order must be one of newest/],
  [['task', 'list', '--created-after', '2026-02-30'], /^--created-after must be a time/],
  [['task', 'submit', 'add', '--args', '{x: 1}'], /^--args must be JSON/],
  [['task', 'submit', 'add', '--args', '[]'], /^--args must be a JSON object/],
  [['task', 'submit', 'add', '--args', '@/nowhere.json'], /^--args cannot be read/],
  [['task', 'submit', 'add', '--queue', 'a', '--queue', 'b'], /^--queue was given twice/],
  [['task', 'submit', 'add', '--countdown', 'soon'], /^--countdown must be seconds/],
  [['schedule', 'add', 'x', '--kind', 'add'], /^One of --cron, --every and --at/],
  [['schedule', 'edit', 'x'], /^Nothing to change/],
  [['completion', 'csh'], /^SHELL must be one of bash, zsh, fish/]
]

t.test('wrong use is exit code 2, and nothing is asked', { jobs: 3 }, async t => {
  for (const [args, sentence] of wrongUses) {
    t.test(args.join(' '), { buffered: true }, async t => {
      const { code, out, err } = await darkroom(args, { DARKROOM_URL: 'http://127.0.0.1:59999' })
      t.strictSame({ code, out }, { code: 2, out: '' })
      t.match(err, sentence)
      // Beside a group alone its help, else one line.
      if (args.length > 1) t.equal(err.trim().split('\n').length, 1, err)
    })
  }
})
