import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { openService } from './harness/service.ts'
import { spawnWorker } from './harness/worker-process.ts'

const root = path.resolve(import.meta.dirname, '..')
const promtool = ['/usr/bin/promtool', '/usr/local/bin/promtool'].find(file => existsSync(file))
const read = (file: string) => readFile(path.join(root, file), 'utf8')

t.test('supervisors wait longer for the process to end than its grace for running tasks', async t => {
  const compose = await read('docker-compose.yml')
  const minutes = Number(/stop_grace_period: (\d+)m\n {4}# A worker/.exec(compose)?.[1])
  const cases: [file: string, text: string, limit: number][] = [
    ['docker-compose.yml', /command: .*cli\.ts, worker.*/.exec(compose)![0], minutes * 60],
    ...(await Promise.all(
      ['darkroom.service', 'darkroom-worker@.service', 'supervisord.conf'].map(
        async (file): Promise<[string, string, number]> => {
          const text = await read(`scripts/deploy/${file}`)
          return [file, text, Number(/(?:TimeoutStopSec|stopwaitsecs)=(\d+)/.exec(text)?.[1])]
        }
      )
    ))
  ]

  for (const [file, text, limit] of cases) {
    const graces = [...text.matchAll(/cli\.ts,? (?:worker|server),? --grace,? '?(\d+)/g)].map(([, grace]) =>
      Number(grace)
    )
    t.ok(graces.length > 0, `${file} has a grace`)
    for (const grace of graces) t.ok(grace <= limit - 15, `${file}: ${grace} s of ${limit}`)
  }
})

t.test('units and image allow what locks ffmpeg in', async t => {
  for (const file of ['darkroom.service', 'darkroom-worker@.service']) {
    const allowed = [...(await read(`scripts/deploy/${file}`)).matchAll(/^SystemCallFilter=(.*)/gm)]
      .flatMap(([, names]) => names!.split(' '))
      .toSorted()
    const calls = ['landlock_add_rule', 'landlock_create_ruleset', 'landlock_restrict_self', 'seccomp']
    t.strictSame(allowed, ['@system-service', ...calls], file)
  }
  const image = await read('Dockerfile')
  t.match(image, /optionalDependencies\.koffi/, 'it leaves out the optional packages but for koffi')
  t.strictSame(
    [...image.matchAll(/^FROM (\S+)/gm)].map(([, name]) => name),
    ['node:24-trixie-slim', 'node:24-trixie-slim']
  )
})

const [compose] = [['docker', 'compose'], ['docker-compose']].filter(
  ([program, ...args]) => spawnSync(program!, [...args, 'version']).status === 0
)

t.test('compose accepts its file', { skip: compose ? false : 'docker compose is not installed' }, async t => {
  const [program, ...args] = compose!
  const checked = spawnSync(program!, [...args, '--profile', 'monitoring', 'config', '--quiet'], { cwd: root })
  t.equal(checked.status, 0, String(checked.stderr))
})

t.test('Prometheus in compose may ask the API, with its key', async t => {
  const [, ALLOWED_HOSTS] = /ALLOWED_HOSTS: (\S+)/.exec(await read('docker-compose.yml'))!
  const [, host] = /targets: \['(api:\d+)'\]/.exec(await read('scripts/deploy/monitoring/prometheus.yml'))!
  const service = await openService(t, { env: { ALLOWED_HOSTS: ALLOWED_HOSTS!, AUTH: 'auto' } })
  const { key } = (await service.post('/api/keys', { name: 'prometheus', preset: 'scraper' })).json()

  const ask = (headers: Record<string, string>) => service.get('/metrics', { host: host!, ...headers })
  t.match((await ask({ authorization: `Bearer ${key}` })).body, 'darkroom_workers')
  t.equal((await ask({})).statusCode, 401)
})

t.test('the health check of a worker in the compose file tells a working worker from a dead one', async t => {
  const compose = await read('docker-compose.yml')
  const [, script] = /test: \[CMD, node, -e, "(.*8001.*)"\]/.exec(compose)!
  const [, port] = /WORKER_HEALTH_PORT: (\d+)/.exec(compose)!
  const service = await openService(t)
  let address = ''
  const isHealthy = () =>
    new Promise(resolve =>
      execFile(process.execPath, ['-e', script!.replace(`http://127.0.0.1:${port}`, address)], (error, _, stderr) =>
        resolve(error ? stderr || false : true)
      )
    )

  // On a port of the test's own, because other services may run beside it.
  const worker = await spawnWorker(t, service, { WORKER_HEALTH_PORT: '0', WORKER_CONCURRENCY: '1' })
  address = JSON.parse(await worker.heard('"health"')).health
  const during = await isHealthy()
  worker.kill('SIGTERM')
  await worker.exited
  const after = await isHealthy()

  t.strictSame([during, after], [true, false])
  t.ok(script!.includes(`127.0.0.1:${port}/health/ready`), 'it asks the port that the worker is given')
})

t.test('alerts and the dashboard name metrics that exist, and each alert has its paragraph', async t => {
  const service = await openService(t)
  const worker = await spawnWorker(t, service, { WORKER_HEALTH_PORT: '0' })
  const { health } = JSON.parse(await worker.heard('"health"'))
  const texts = [(await service.get('/metrics')).body, await (await fetch(`${health}/metrics`)).text()]
  const known = new Set(texts.flatMap(text => [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)))
  const [alerts, dashboard, readme] = await Promise.all(
    ['scripts/deploy/monitoring/alerts.yml', 'scripts/deploy/monitoring/grafana/darkroom.json', 'README.md'].map(read)
  )
  const named = [...`${alerts}${dashboard}`.matchAll(/\b(?:darkroom|process|nodejs)_[a-z_]+/g)].map(([name]) =>
    name.replace(/_(?:bucket|count|sum)$/, '')
  )

  t.ok(named.length > 20)
  t.strictSame(
    named.filter(name => !known.has(name)),
    []
  )
  const table = readme!.slice(readme!.indexOf('### Metrics and alerts'), readme!.indexOf('### Proxies'))
  for (const name of known) if (name?.startsWith('darkroom_')) t.match(table, `\`${name}`, name)
  const names = [...alerts!.matchAll(/alert: (\w+)/g)].map(([, name]) => name!)
  t.strictSame(
    [...table.matchAll(/^- \*\*(Darkroom\w+)\*\*:/gm)].map(([, name]) => name),
    names
  )
})

t.test(
  'Prometheus accepts its configuration and the alert rules',
  { skip: promtool ? false : 'promtool is not installed' },
  async t => {
    const folder = path.join(root, 'scripts/deploy/monitoring')
    for (const args of [
      ['check', 'rules', 'alerts.yml'],
      ['check', 'config', '--syntax-only', 'prometheus.yml']
    ]) {
      const { code } = await new Promise<{ code: number }>(resolve =>
        execFile(promtool!, args, { cwd: folder }, error => resolve({ code: error ? Number(error.code ?? 1) : 0 }))
      )
      t.equal(code, 0, args.join(' '))
    }
  }
)
