import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { startProgram } from '../harness/program.ts'
import { openService, type Service } from '../harness/service.ts'
import { until } from '../harness/until.ts'

async function findings(service: Service) {
  return (await service.get('/api/doctor')).json().items as { code: string; severity: string; fix: string }[]
}

t.test('an ffmpeg that gets no updates any more is a finding', async t => {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-old-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const old = path.join(folder, 'ffmpeg')
  const says = 'ffmpeg version 4.0-static Copyright (c) 2000-2018 the FFmpeg developers'
  await writeFile(old, `#!/bin/sh\necho '${says}'\n`, { mode: 0o755 })
  const ofOld = await findings(await openService(t, { env: { FFMPEG_PATH: old } }))
  const ofSystem = await findings(await openService(t))

  const evidence = { program: old, version: '4.0-static', year: 2018 }
  t.match(
    ofOld.filter(({ code }) => code === 'ffmpeg_old'),
    [{ severity: 'warning', evidence, fix: /apt install ffmpeg/ }]
  )
  t.notOk(ofOld.some(({ code }) => code === 'ffmpeg_replaceable'))
  await chmod(old, 0o757)
  t.match(
    (await findings(await openService(t, { env: { FFMPEG_PATH: old } }))).filter(
      ({ code }) => code === 'ffmpeg_replaceable'
    ),
    [{ severity: 'warning', evidence: { program: old, by: /^every account/, run: true } }]
  )
  t.notOk(ofSystem.some(({ code }) => code === 'ffmpeg_missing'))
})

t.test('findings have evidence and a fix', async t => {
  const service = await openService(t, { worker: true })
  const { pool } = service.db

  await t.test('settings of Postgres that can lose work', async t => {
    // The tests' Postgres runs without fsync.
    const found = (await findings(service)).filter(({ code }) => code.endsWith('_off'))
    t.match(found, [
      { code: 'fsync_off', severity: 'critical', fix: /alter system set fsync = on/ },
      { code: 'full_page_writes_off', severity: 'critical' }
    ])
  })

  await t.test('workers of different versions', async t => {
    await pool.query(`
      insert into darkroom.workers (id, host, pid, version, queues, kinds, concurrency, heartbeat_at)
      values (gen_random_uuid(), 'old', 1, '0.0.1', '{}', '{}', 1, now() + interval '1 minute')`)
    const found = (await findings(service)).find(({ code }) => code === 'versions_differ')
    t.match(found, { severity: 'notice', evidence: { versions: [{ version: '0.0.1', workers: 1 }, { workers: 1 }] } })
    await pool.query(`delete from darkroom.workers where host = 'old'`)
  })

  await t.test('schedules that were planned with other time zone data', async t => {
    await pool.query(`update darkroom.schedules set tzdata = '2020a' where name = 'sweep'`)
    const found = (await findings(service)).find(({ code }) => code === 'tzdata_differs')
    t.match(found, { severity: 'notice', evidence: { api: process.versions.tz } })
  })

  await t.test('tables with many dead rows', async t => {
    await pool.query('alter table darkroom.events set (autovacuum_enabled = false)')
    await pool.query(`
      insert into darkroom.events (task_id, state) select gen_random_uuid(), 'PENDING' from generate_series(1, 30000)`)
    await pool.query(`delete from darkroom.events`)
    const found = await until(
      async () => (await findings(service)).find(({ code }) => code === 'dead_rows'),
      'Postgres has counted them'
    )
    t.match(found, { severity: 'notice', fix: 'vacuum (analyze) darkroom.events;' })
    await pool.query(found.fix)
    await until(
      async () => !(await findings(service)).some(({ code }) => code === 'dead_rows'),
      'the fix has mended it'
    )
  })

  await t.test('a check that fails is a finding, and the others run', async t => {
    await pool.query('alter table darkroom.workers rename column version to hidden')
    const found = await findings(service)
    await pool.query('alter table darkroom.workers rename column hidden to version')
    t.match(
      found.find(({ code }) => code === 'check_failed'),
      { severity: 'warning', evidence: { check: 'workers' } }
    )
    t.ok(found.some(({ code }) => code === 'fsync_off'))
  })
})

t.test('darkroom doctor', async t => {
  const service = await openService(t, { worker: true })
  const url = await service.listen()
  await service.post('/api/queues/media/pause')

  const doctor = async (DARKROOM_URL: string, ...options: string[]) => {
    const { exited, said } = await startProgram(t, 'doctor', { env: { DARKROOM_URL }, options })
    return { code: (await exited).code, said: said.join('\n') }
  }
  const text = await doctor(url)
  t.equal(text.code, 1, 'something is critical')
  t.match(text.said, /^CRITICAL {2}fsync is off\n.*\n {2}fix: alter system/m)
  t.match(text.said, /^NOTICE {2}The queue "media" is paused/m)
  const { said } = await doctor(url, '--json')
  t.match(JSON.parse(said), { problems: [{ code: 'queue_paused' }], findings: [{ code: 'fsync_off' }] })

  t.strictSame(await doctor('http://127.0.0.1:59999'), {
    code: 3,
    said: 'http://127.0.0.1:59999 does not answer (connect ECONNREFUSED 127.0.0.1:59999): start the service, or set DARKROOM_URL'
  })
})
