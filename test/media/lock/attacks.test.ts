import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { commandFor } from '../../../src/media/lock/command.ts'
import { execute } from '../../../src/media/lock/execute.ts'
import { type Limits, limitsFor } from '../../../src/media/lock/limits.ts'
import { sightOf } from '../../../src/media/lock/sight.ts'
import { launcherWays, withoutLauncher } from '../../harness/lock.ts'

const root = path.resolve(import.meta.dirname, '../../..')
const GiB = 1024 ** 3

/** A store with two films and a workspace; the first film is the one that is processed. */
async function neighbourhood() {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-attack-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const [videos, work] = [path.join(folder, 'videos'), path.join(folder, 'work')]
  for (const each of [videos, work]) await mkdir(each, { mode: 0o700 })
  const [source, sibling] = [path.join(videos, 'mine'), path.join(videos, 'theirs')]
  for (const file of [source, sibling]) await writeFile(file, 'frames', { mode: 0o600 })
  return { folder, videos, work, source, sibling }
}

const home = await neighbourhood()

/** What an attacker would want to end, in place of the worker; it has a secret in its environment. */
const victim = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
  env: { SECRET: 'postgres://' },
  stdio: 'ignore',
  detached: true
})
t.teardown(() => victim.kill('SIGKILL'))

let arrived = 0
const listen = async (at: { port: number; host: string } | { path: string }) => {
  const server = createServer(socket => {
    arrived++
    socket.destroy()
  })
  server.listen(at)
  await once(server, 'listening')
  t.teardown(() => void server.close())
  return server
}
const { port } = (await listen({ port: 0, host: '127.0.0.1' })).address() as AddressInfo
const unix = path.join(home.folder, '.s.PGSQL.5432')
await listen({ path: unix })

for (const way of withoutLauncher ? [] : launcherWays) {
  /** Runs a program under the lock, with the first film to read and a workspace to write in. */
  const run = (program: string, args: string[], limits: Partial<Limits> = {}, more: string[] = []) => {
    const sight = sightOf(program, { reads: [home.source, ...more], writes: [home.work] })
    const usual = limitsFor({ seconds: 60, memory: 64 * GiB }, way !== 'launcher')
    return execute(commandFor(way, { program, args, sight, limits: { ...usual, ...limits } }))
  }

  /** The error codes of expressions in JavaScript, `done` where one has none. */
  async function codes(attempts: Record<string, string>, limits?: Partial<Limits>, more?: string[]) {
    const tries = Object.entries(attempts).map(
      ([name, code]) =>
        `try { await (${code}); said['${name}'] = 'done' } catch (error) { said['${name}'] = error.code ?? error.message }`
    )
    const script = `const fs = process.getBuiltinModule('fs'), net = process.getBuiltinModule('net'), said = {}
      const connect = to => new Promise((resolve, reject) => net.connect(to, resolve).on('error', reject))
      ;(async () => { ${tries.join('\n')}; fs.writeSync(1, JSON.stringify(said)); process.exit() })()`
    const { stdout, failure } = await run(process.execPath, ['--max-heap-size=64', '-e', script], limits, more)
    if (failure !== undefined) throw new Error(failure)
    return JSON.parse(stdout) as Record<string, string>
  }

  t.test(`${way}: a program reads its film and writes in its folder`, async t => {
    const file = path.join(home.work, 'init.mp4')
    const said = await codes({
      read: `fs.readFileSync('${home.source}')`,
      write: `fs.writeFileSync('${file}.tmp', 'x')`,
      rename: `fs.renameSync('${file}.tmp', '${file}')`,
      folder: `fs.mkdirSync('${home.work}/hls')`,
      across: `fs.renameSync('${file}', '${home.work}/hls/init.mp4')`,
      remove: `fs.rmSync('${home.work}/hls', { recursive: true })`
    })

    t.strictSame(new Set(Object.values(said)), new Set(['done']), JSON.stringify(said))
  })

  t.test(`${way}: files of the machine, of other films and of the worker cannot be read`, async t => {
    const said = await codes({
      accounts: `fs.readFileSync('/etc/passwd')`,
      sibling: `fs.readFileSync('${home.sibling}')`,
      names: `fs.readdirSync('${home.videos}')`,
      sources: `fs.readFileSync('${root}/package.json')`,
      environment: `fs.readFileSync('/proc/${victim.pid}/environ')`,
      own: `fs.readFileSync('/proc/self/environ')`,
      memory: `fs.openSync('/proc/${victim.pid}/mem')`,
      disk: `fs.readdirSync('/dev')`
    })

    t.strictSame(new Set(Object.values(said)), new Set(['EACCES']), JSON.stringify(said))
  })

  t.test(`${way}: nothing outside of its folder can be written, and no link leads there`, async t => {
    const before = await readdir(home.videos)
    const said = await codes({
      source: `fs.writeFileSync('${home.source}', 'x')`,
      cut: `fs.truncateSync('${home.source}')`,
      gone: `fs.rmSync('${home.source}')`,
      beside: `fs.writeFileSync('${home.videos}/new', 'x')`,
      temporary: `fs.writeFileSync('/tmp/darkroom-attack', 'x')`,
      moved: `fs.renameSync('${home.sibling}', '${home.work}/taken')`,
      symlink: `fs.symlinkSync('/etc/passwd', '${home.work}/link')`
    })
    const changed = await codes({
      mode: `fs.chmodSync('${home.sibling}', 0o777)`,
      ownMode: `fs.chmodSync('${home.source}', 0o777)`,
      owner: `fs.chownSync('${home.sibling}', 1, 1)`,
      times: `fs.utimesSync('${home.sibling}', 1, 1)`,
      cut: `fs.openSync('${home.source}', fs.constants.O_RDONLY | fs.constants.O_TRUNC)`
    })
    const linked = await codes({
      sibling: `fs.linkSync('${home.sibling}', '${home.work}/link')`,
      source: `fs.linkSync('${home.source}', '${home.work}/link')`
    })

    t.strictSame(new Set(Object.values(said)), new Set(['EACCES']), JSON.stringify(said))
    t.strictSame(new Set(Object.values(changed)), new Set(['EPERM']), JSON.stringify(changed))
    t.ok(
      Object.values(linked).every(code => ['EACCES', 'EXDEV', 'EPERM'].includes(code)),
      JSON.stringify(linked)
    )
    t.equal((await stat(home.sibling)).mode & 0o777, 0o600)
    t.strictSame(await readdir(home.videos), before)
    t.equal(await readFile(home.source, 'utf8'), 'frames')
  })

  t.test(`${way}: no socket of any kind opens`, async t => {
    const said = await codes({
      tcp: `connect({ port: ${port}, host: '127.0.0.1' })`,
      postgres: `connect({ path: '${unix}' })`,
      listen: `new Promise((resolve, reject) => net.createServer().on('error', reject).listen(0, resolve))`,
      udp: `new Promise((resolve, reject) => process.getBuiltinModule('dgram').createSocket('udp4').on('error', reject).send('x', ${port}, '127.0.0.1', resolve))`
    })

    t.strictSame(new Set(Object.values(said)), new Set(['EAFNOSUPPORT']), JSON.stringify(said))
    t.equal(arrived, 0)
  })

  t.test(`${way}: other processes are out of reach, and other programs do not start`, async t => {
    const spawnSync = `process.getBuiltinModule('child_process').spawnSync`
    const started = (file: string) =>
      `(() => { const { error } = ${spawnSync}('${file}', { stdio: 'ignore' }); if (error) throw error })()`
    const said = await codes({
      kill: `process.kill(${victim.pid}, 'SIGKILL')`,
      group: `process.kill(-${victim.pid}, 'SIGKILL')`,
      ours: `process.kill(${process.pid}, 'SIGCONT')`,
      everyone: `process.kill(-1, 'SIGCONT')`,
      slow: `process.getBuiltinModule('os').setPriority(${victim.pid}, 19)`
    })
    const programs = await codes({ shell: started('/bin/sh'), other: started('/usr/bin/env') })

    t.ok(
      Object.values(said).every(code => ['EPERM', 'ERR_SYSTEM_ERROR'].includes(code)),
      JSON.stringify(said)
    )
    t.strictSame(programs, { shell: 'EACCES', other: 'EACCES' })
    t.equal(victim.exitCode ?? victim.signalCode, null, 'the victim lives')
  })

  t.test(`${way}: calls that reach around all that are refused`, async t => {
    if (process.arch !== 'x64') return t.comment('the numbers here are those of x86_64')
    const modules = ['package.json', 'node_modules/koffi', 'node_modules/@koromix'].map(name => path.join(root, name))
    const script = `const koffi = require('${root}/node_modules/koffi')
      const call = koffi.load(null).func('syscall', 'long', Array(6).fill('long'))
      const errnos = Object.fromEntries(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]))
      const said = {}
      for (const [name, args] of Object.entries(JSON.parse(process.argv[1]))) {
        const result = call(...args, ...Array(6 - args.length).fill(0))
        said[name] = result < 0 ? errnos[koffi.errno()] : 'done'
      }
      require('fs').writeSync(1, JSON.stringify(said))`
    const calls = {
      ptrace: [101, 16, victim.pid],
      process_vm_readv: [310, victim.pid],
      pidfd_getfd: [438, 0, 0],
      pidfd_send_signal: [424, 0, 9],
      prlimit64: [302, victim.pid, 0],
      unshare: [272, 0x10000000],
      mount: [165],
      setns: [308, 0],
      bpf: [321],
      userfaultfd: [323],
      perf_event_open: [298],
      keyctl: [250, 0],
      add_key: [248],
      open_by_handle_at: [304, -100],
      kexec_load: [246],
      setxattr: [188],
      truncate: [76],
      setsid: [112],
      setpgid: [109, 0, 0],
      shmget: [29, 1, 1],
      tkill: [200, victim.pid, 9],
      clone: [56, 0x10000000],
      set_owner: [72, 0, 8, victim.pid]
    }
    const others = { io_uring_setup: [425, 1], clone3: [435], x32: [0x40000000 + 39] }
    const { stdout, failure } = await run(
      process.execPath,
      ['-e', script, JSON.stringify({ ...calls, ...others, socket: [41, 2, 1], socketpair: [53, 1, 1] })],
      {},
      modules
    )

    t.equal(failure, undefined)
    t.strictSame(JSON.parse(stdout), {
      ...Object.fromEntries(Object.keys(calls).map(name => [name, 'EPERM'])),
      ...Object.fromEntries(Object.keys(others).map(name => [name, 'ENOSYS'])),
      ...{ socket: 'EAFNOSUPPORT', socketpair: 'EAFNOSUPPORT' }
    })
  })

  t.test(`${way}: its rights and limits are those of a stranger`, async t => {
    const script = path.join(home.folder, 'say')
    await writeFile(script, '#!/bin/sh\nulimit -c; ulimit -n; ulimit -t; ulimit -v; id -u\n')
    await chmod(script, 0o755)
    const { stdout } = await run(script, [], { cpu: 61, memory: 6 * GiB })
    const [core, files, cpu, memory, user] = stdout.trim().split('\n').map(Number)

    t.strictSame([core, files, cpu, memory], [0, 256, 61, (6 * GiB) / 1024])
    if (way === 'launcher') t.equal(user, process.getuid!())
    else t.ok(user! >= 60_800 && user! < 61_056, `user ${user}`)
  })

  t.test(`${way}: bombs of disk, memory and processes are stopped`, async t => {
    const big = path.join(home.work, 'sparse')
    const disk = await codes(
      { sparse: `fs.writeFileSync('${big}', ''), fs.truncateSync('${big}', 2 ** 40)` },
      { fileSize: GiB }
    )
    t.strictSame(disk, { sparse: 'EFBIG' })
    t.equal((await stat(big)).size, 0)

    const memory = await run(process.execPath, ['-e', 'for (const kept = [];;) kept.push(Buffer.alloc(2 ** 28, 1))'], {
      memory: 2 * GiB
    })
    t.ok(memory.failure, 'out of memory')

    if (way === 'launcher' && process.getuid?.() === 0) {
      return t.comment('the kernel does not limit the processes of root, which has another way')
    }
    const bomb = path.join(home.folder, 'bomb')
    // Bounded: where the limit fails, 300 processes sleep for two seconds.
    const script = '#!/bin/sh\ni=0; while [ $i -lt 300 ]; do sleep 2 & i=$((i+1)); done; echo all\n'
    await writeFile(bomb, script, { mode: 0o755 })
    const own = way === 'launcher' ? limitsFor({}, false).processes - 1024 : 0
    const { stdout, failure } = await run(bomb, [], { processes: own + 60 })
    t.notMatch(stdout, 'all')
    t.match(failure, /fork/i)
  })
}

t.test('on this machine the launcher works', { skip: withoutLauncher }, async t => {
  t.ok(launcherWays.length > 0)
})
