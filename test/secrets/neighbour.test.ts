import { execFile } from 'node:child_process'
import { chmod, glob, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import t from 'tap'
import { shoot } from '../harness/clip.ts'
import { form } from '../harness/form.ts'
import { processesAbout } from '../harness/processes.ts'
import { addressOf, startProgram } from '../harness/program.ts'
import { until } from '../harness/until.ts'

const run = promisify(execFile)
const skip =
  process.platform === 'linux' && process.getuid?.() === 0 ? false : 'only root of a Linux can make a second account'

/** Each process below one, itself first, with its name. */
async function familyOf(pid: number) {
  const all = await Promise.all(
    (await readdir('/proc'))
      .filter(name => /^\d+$/.test(name))
      .map(async id => {
        const stat = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => '')
        const [, name = '', parent = ''] = /\((.*)\) \S (\d+)/s.exec(stat) ?? []
        return { pid: Number(id), name, parent: Number(parent) }
      })
  )
  const family = all.filter(each => each.pid === pid)
  for (const { pid } of family) family.push(...all.filter(({ parent }) => parent === pid))
  return family
}

t.test('a second account of the machine reads nothing of the service', { skip }, async t => {
  const name = `darkroom-t${process.pid}`
  await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', name])
  t.teardown(() => run('userdel', [name]))
  const ids = await Promise.all(['-u', '-g'].map(async what => Number((await run('id', [what, name])).stdout)))
  /** What a shell of that account says; undefined where it fails. */
  const tries = (script: string, ...words: string[]) =>
    run('sh', ['-c', script, 'sh', ...words], { uid: ids[0]!, gid: ids[1]!, cwd: '/', env: { PATH: process.env.PATH } })
      .then(({ stdout }) => stdout)
      .catch(() => undefined)

  // Open to all: what the service puts into it has to be closed by itself.
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-open-'))
  await chmod(folder, 0o777)
  t.teardown(async () => {
    for (const pid of await processesAbout(folder)) process.kill(pid, 'SIGKILL')
    // What was killed may end a little later.
    await rm(folder, { recursive: true, force: true, maxRetries: 20 })
  })
  const DATA_DIR = path.join(folder, 'data')
  const ADMIN_KEY_FILE = path.join(folder, 'admin.key')
  const secret = 'what-only-the-proxy-knows-0123456789'
  const server = await startProgram(t, 'server', {
    env: {
      ...{ PATH: process.env.PATH, DATA_DIR, ADMIN_KEY_FILE, TMPDIR: folder, PORT: '0', WORKER_CONCURRENCY: '2' },
      ...{ AUTH_PROXY_HEADER: 'Remote-User', AUTH_PROXY_ROLES: '*=viewer', TRUSTED_PROXIES: '127.0.0.1' },
      AUTH_PROXY_SECRET: secret
    }
  })
  const address = await addressOf(server)
  const key = (await readFile(ADMIN_KEY_FILE, 'utf8')).trim()
  const send = (url: string, headers: Record<string, string>, body: string | Uint8Array<ArrayBuffer>) =>
    fetch(`${address}${url}`, { method: 'POST', headers: { authorization: `Bearer ${key}`, ...headers }, body })
  await send('/api/tasks', { 'content-type': 'application/json' }, '{"task":"sleep","args":{"seconds":600}}')
  const film = form([{ filename: 'film.mp4', content: await shoot({ size: '854x480', fps: 25, seconds: 10 }) }])
  t.equal((await send('/api/videos', film.headers as Record<string, string>, film.payload as never)).status, 201)

  // Frozen, so that it is still there when it is looked at.
  const ffmpeg = await until(async () => {
    const found = (await familyOf(server.pid)).find(({ name }) => name === 'ffmpeg')
    if (found) process.kill(found.pid, 'SIGSTOP')
    return found
  }, 'an encoder runs')
  t.teardown(() => process.kill(ffmpeg.pid, 'SIGCONT'))
  const { port, pids, secrets } = await lookInside(server.pid, DATA_DIR)
  t.ok(pids.length >= 6, `server, worker, children, Postgres, ffmpeg: ${pids.length}`)
  t.ok(secrets.length >= 3, 'files with secrets')
  const all = [...secrets, key, key.slice(-30), secret]

  await t.test('of files', async t => {
    t.equal(await tries('cat "$0"', ADMIN_KEY_FILE), undefined)
    t.equal(await tries('ls "$1"', DATA_DIR), undefined)
    const found = await tries('find "$1" -mindepth 1 -readable ! -type l 2>/dev/null || :', folder)
    t.strictSame(
      found?.split('\n').filter(line => line !== ''),
      []
    )
    // By their names, too, which a listing refuses.
    const files = await Array.fromAsync(glob(`${DATA_DIR}/**`))
    t.ok(files.length > 1000, 'those of Postgres, of films and of the service')
    const list = path.join(folder, 'list')
    await writeFile(list, files.join('\n'), { mode: 0o644 })
    const reached = await tries(
      'while read -r file; do test -r "$file" -o -w "$file" && echo "$file"; done <"$1"; :',
      list
    )
    t.equal(reached, '')
  })

  await t.test('of processes', async t => {
    for (const pid of pids) {
      const at = `/proc/${pid}`
      const command = await tries('cat "$1/cmdline"', at)
      if (!command) {
        await t.rejects(readFile(`${at}/stat`), `${pid} has ended: command lines are for all`)
        continue
      }
      for (const secret of all) t.notOk(command.includes(secret), `without secrets: ${command.slice(0, 80)}`)
      t.notMatch(command, /postgres(?:ql)?:\/\//)
      const own = await tries(
        'cat "$1/environ" || head -c 1 "$1/mem" || cat "$1/maps" || ls "$1/fd" || ls "$1/cwd/" || ls "$1/root/" || kill -0 "$2"',
        ...[at, String(pid)]
      )
      t.equal(own, undefined, `nothing else of ${command.slice(0, 80)}`)
    }
  })

  await t.test('of Postgres and the API', async t => {
    for (const user of ['postgres', 'darkroom', 'darkroom_app', 'darkroom_reader']) {
      for (const password of [user, 'postgres']) {
        const client = new pg.Client({ host: '127.0.0.1', port, user, password: () => password, database: 'darkroom' })
        await t.rejects(client.connect(), { code: /28P01|28000/ }, `${user} without its password`)
        await client.end().catch(() => {})
      }
    }
    const socket = path.join(DATA_DIR, 'postgres', `.s.PGSQL.${port}`)
    t.equal(await tries('test -e "$1"', socket), undefined, 'the socket is out of reach')
    t.equal((await fetch(`${address}/api/tasks`)).status, 401)
  })
})

/** What only the account of the service can see: the port of Postgres, all processes, and the contents of small files. */
async function lookInside(server: number, dataDir: string) {
  const postmaster = (await readFile(path.join(dataDir, 'postgres/postmaster.pid'), 'utf8')).split('\n')
  const family = [...(await familyOf(server)), ...(await familyOf(Number(postmaster[0])))]
  const secrets: string[] = []
  for await (const file of glob(`${dataDir}/{,postgres/}*.{key,password}`))
    secrets.push((await readFile(file, 'utf8')).trim())
  return { port: Number(postmaster[3]), pids: [...new Set(family.map(({ pid }) => pid))], secrets }
}
