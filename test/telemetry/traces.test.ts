import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { shoot } from '../harness/clip.ts'
import { openCollector, openMuteCollector, type ReceivedSpan } from '../harness/collector.ts'
import { borrowDatabase } from '../harness/database.ts'
import { addressOf, type Program, startProgram } from '../harness/program.ts'
import { local, openReceiver } from '../harness/receiver.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const client = `00-${traceId}-00f067aa0ba902b7-01`

const kinds = {
  'parent.ts': taskModule(
    'parent',
    `const { default: leaf } = await import('./leaf.ts')
    log('the parent speaks')
    const { id: leafId } = await leaf.delay({})
    return { leaf: leafId, traceparent }`
  ).replace('progress, log }', 'progress, log, traceparent }'),
  'leaf.ts': taskModule('leaf', 'return traceparent').replace('progress, log }', 'traceparent }'),
  'flaky.ts': taskModule('flaky', `throw new TypeError('no luck')`, 'max_retries: 1')
}

/** A server as an operator starts it, and what a client does with it. */
async function openServer(t: Test, env: NodeJS.ProcessEnv) {
  const settings = { DATABASE_URL: await borrowDatabase(t), TASKS_DIR: await taskFolder(t, kinds), AUTH: 'off' }
  const program = await startProgram(t, 'server', { env: { ...settings, ...env } })
  const address = await addressOf(program)
  await program.heard('is ready')
  async function ask(path: string, init?: RequestInit) {
    const response = await fetch(`${address}${path}`, init)
    return { status: response.status, body: (await response.json()) as any, headers: response.headers }
  }
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    ask(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body)
    })
  const finished = async (id: string) => {
    const look = async () => (await ask(`/api/tasks/${id}?wait=10`)).body
    return until(async () => {
      const task = await look()
      return task.finished_at ? task : undefined
    }, 'the task is finished')
  }
  return { program, ask, post, finished }
}

const spanOf = (traceparent: string) => traceparent.split('-')[2]!

/** Stops the server, whose processes then send what is left. */
async function stop({ kill, exited }: Program) {
  kill('SIGTERM')
  return exited
}

t.test('a submission and a film, from the request to ffmpeg, as one tree each', async t => {
  const collector = await openCollector(t)
  const receiver = await openReceiver(t)
  const { program, ask, post, finished } = await openServer(t, {
    ...local,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-collector-key=secret',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    WORKER_CONCURRENCY: '2'
  })
  await post('/api/webhooks', { url: receiver.url, tasks: ['leaf'], types: ['task.completed'] })
  const inTrace = (id: string) => collector.spans.filter(span => span.traceId === id)

  const headers = { traceparent: client, 'x-request-id': 'the-request' }
  const { body: submitted } = await post('/api/tasks', { task: 'parent' }, headers)
  t.match(submitted.traceparent, new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`))
  const parent = await finished(submitted.id)
  const leaf = await finished(parent.result.leaf)
  const { body: flaky } = await post('/api/tasks', { task: 'flaky' })
  await finished(flaky.id)
  const form = new FormData()
  form.set('video', new Blob([await shoot({ seconds: 1 })]), 'film.mp4')
  const film = await ask('/api/videos', { method: 'POST', body: form })
  const made = await finished(film.body.task_id)
  t.match(made, { state: 'SUCCESS' })
  const [message] = await receiver.got(1)
  t.match(await stop(program), { code: 0 })

  t.test('the submission', async t => {
    const spans = inTrace(traceId)
    const the = (name: string, more: Partial<ReceivedSpan['attributes']> = {}) => one(t, spans, name, more)
    const request = the('POST /api/tasks')
    t.match(request, { parentSpanId: spanOf(client), process: 'api' })
    t.match(request.attributes, { 'http.response.status_code': '201', 'darkroom.request_id': 'the-request' })
    const enqueue = the('enqueue parent')
    t.match(enqueue, { parentSpanId: request.spanId, process: 'api' })
    t.equal(submitted.traceparent, `00-${traceId}-${enqueue.spanId}-01`, 'the task is in its own trace')
    const wait = the('wait default', { 'darkroom.task.id': parent.id })
    const attempt = the('attempt parent')
    for (const span of [wait, attempt]) t.match(span, { parentSpanId: enqueue.spanId, process: 'worker' })
    const body = the('run parent')
    t.match(body, { parentSpanId: attempt.spanId, attributes: { 'darkroom.pool': 'child' } })
    t.equal(parent.result.traceparent, `00-${traceId}-${attempt.spanId}-01`, 'its body is told')
    t.match(the('attempt leaf'), { parentSpanId: attempt.spanId }, 'and a task of its body continues the trace')
    t.equal(leaf.traceparent, parent.result.traceparent)
    t.ok(wait.from <= wait.to && wait.to <= attempt.to && attempt.from <= body.from && body.to <= attempt.to)
    t.ok(request.from <= enqueue.from && enqueue.to <= request.to)
    const delivery = the('webhook task.completed')
    t.match(delivery, { parentSpanId: spanOf(leaf.traceparent), process: 'worker' }, 'and so does its webhook')
    t.match(delivery.attributes, { 'http.response.status_code': '204', 'darkroom.attempt': 1 })
    t.equal(message!.headers.traceparent, `00-${traceId}-${delivery.spanId}-01`, 'whose receiver goes on from there')
  })

  t.test('a failure: both attempts in the trace that its request began', async t => {
    const spans = inTrace(flaky.traceparent.split('-')[1])
    const attempts = spans.filter(({ name }) => name === 'attempt flaky')
    t.strictSame(attempts.map(({ attributes }) => attributes['darkroom.attempt']).sort(), [1, 2])
    for (const { failed, attributes, parentSpanId } of attempts) {
      t.match(
        { failed, ...attributes },
        { failed: 'no luck', 'error.type': 'TypeError', 'darkroom.outcome': 'failure' }
      )
      t.equal(parentSpanId, spanOf(flaky.traceparent))
    }
  })

  t.test('the film', async t => {
    const spans = inTrace(made.traceparent.split('-')[1])
    const request = one(t, spans, 'POST /api/videos')
    t.equal(request.parentSpanId, '')
    const enqueue = one(t, spans, 'enqueue process_video')
    t.equal(enqueue.parentSpanId, request.spanId)
    const attempt = one(t, spans, 'attempt process_video')
    t.equal(attempt.parentSpanId, enqueue.spanId)
    const body = one(t, spans, 'run process_video')
    t.equal(body.parentSpanId, attempt.spanId)
    const programs = spans.filter(({ name }) => /^ff(mpeg|probe)$/.test(name))
    t.strictSame([...new Set(programs.map(({ name }) => name))].sort(), ['ffmpeg', 'ffprobe'])
    for (const program of programs) {
      t.equal(program.parentSpanId, body.spanId)
      t.ok(program.from >= body.from - 5 && program.to <= body.to + 5, `${program.name} ran in its body`)
    }
  })

  t.test('log lines have the request and the trace', async t => {
    const lines = program.said.filter(line => line.includes('"the-request"')).map(line => JSON.parse(line))
    t.match(lines, [{ msg: 'request' }, { msg: 'the parent speaks' }, { msg: 'attempt ended', task: parent.id }])
    t.strictSame([...new Set(lines.map(({ trace_id }) => trace_id))], [traceId])
  })

  t.test('metrics: of both processes, as /metrics has them', async t => {
    const sum = (name: string, fits: Record<string, unknown>) =>
      collector.metrics
        .filter(metric => metric.name === name)
        .flatMap(({ points }) => points)
        .filter(({ labels }) => Object.entries(fits).every(([key, value]) => labels[key] === value))
        .map(({ value }) => value)
    t.strictSame(sum('darkroom_tasks_total', { task: 'parent', outcome: 'success' }), [1])
    t.strictSame(sum('darkroom_tasks_total', { task: 'flaky', outcome: 'failure' }), [1])
    t.strictSame(
      sum('darkroom_tasks_submitted_total', { task: 'leaf' }).reduce((a, b) => a + b, 0),
      1
    )
    const [ran] = sum('darkroom_task_run_seconds', { task: 'flaky' })
    t.match(ran, { count: '2' })
    t.equal(
      ran.bucketCounts.map(Number).reduce((a: number, b: number) => a + b),
      2,
      'buckets hold each value once'
    )
    t.equal(ran.bucketCounts.length, ran.explicitBounds.length + 1)
    const depth = collector.metrics.find(({ name }) => name === 'darkroom_queue_depth')
    t.match(depth, { type: 'gauge', process: 'api' })
  })

  t.ok(
    collector.headers.every(({ 'x-collector-key': key }) => key === 'secret'),
    'with the headers of the setting'
  )
})

function one(t: Test, spans: ReceivedSpan[], name: string, more: Partial<ReceivedSpan['attributes']> = {}) {
  const found = spans.filter(
    span => span.name === name && Object.entries(more).every(([key, value]) => span.attributes[key] === value)
  )
  if (found.length !== 1) {
    t.fail(`there is one span "${name}", not ${found.length}: ${spans.map(({ name }) => name).join(', ')}`)
  }
  return found[0]!
}

/** Modules that the processes of a server load, by role. */
async function openLists(t: Test) {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-loaded-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const hook = pathToFileURL(path.resolve(import.meta.dirname, '../harness/loaded.mjs')).href
  return {
    env: { LOADED_IN: folder, NODE_OPTIONS: `--import ${hook}` },
    /** Roles of the processes that loaded a module whose address fits. */
    async loaders(fits: RegExp) {
      const roles = new Set<string>()
      for (const file of await readdir(folder)) {
        if (fits.test(await readFile(path.join(folder, file), 'utf8'))) roles.add(file.replace(/-\d+$/, ''))
      }
      return [...roles].sort()
    }
  }
}

const sdk = /@opentelemetry\/(sdk|exporter|otlp|resources|core)/

t.test('without a collector nothing of the SDK is loaded, and a client’s trace goes on all the same', async t => {
  const lists = await openLists(t)
  const { program, post, finished } = await openServer(t, lists.env)

  const { body: submitted } = await post('/api/tasks', { task: 'parent' }, { traceparent: client })
  t.equal(submitted.traceparent, client)
  const parent = await finished(submitted.id)
  t.equal(parent.result.traceparent, client)
  t.match(await finished(parent.result.leaf), { traceparent: client, result: client })
  t.match(JSON.parse(await program.heard('the parent speaks')), { trace_id: traceId })
  const { body: untraced } = await post('/api/tasks', { task: 'leaf' }, { traceparent: `${client}-more` })
  t.equal(untraced.traceparent, null, 'a header that is not well-formed is none')
  await finished(untraced.id)
  await stop(program)

  t.strictSame(await lists.loaders(sdk), [])
  t.strictSame(await lists.loaders(/parent\.ts/), ['child', 'server', 'worker'], 'the lists are of all processes')
})

t.test('a collector that does not answer costs one warning, and neither tasks nor the stop', async t => {
  const lists = await openLists(t)
  const { program, post, finished } = await openServer(t, {
    ...lists.env,
    OTEL_EXPORTER_OTLP_ENDPOINT: await openMuteCollector(t),
    OTEL_EXPORTER_OTLP_TIMEOUT: '300'
  })
  const warnings = () => program.said.filter(line => line.includes('"level":40') && line.includes('collector'))

  for (let round = 0; round < 3; round++) {
    const { body } = await post('/api/tasks', { task: 'add', args: { x: 1, y: round } })
    t.match(await finished(body.id), { state: 'SUCCESS', result: 1 + round })
  }
  await until(() => warnings().length >= 2, 'API and worker warn')
  // The next export fails, too.
  const { body } = await post('/api/tasks', { task: 'add', args: { x: 1, y: 1 } })
  await finished(body.id)

  t.match(await stop(program), { code: 0 })
  t.equal(warnings().length, 2, 'one for each process')
  t.strictSame(await lists.loaders(sdk), ['server', 'worker'], 'children load nothing of it')
})
