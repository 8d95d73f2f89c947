import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { findMediaTools } from '../../../src/media/binaries.ts'
import { lockWith } from '../../../src/media/lock/lock.ts'
import { proveLock } from '../../../src/media/lock/prove.ts'
import { probe } from '../../../src/media/probe/probe.ts'
import { shoot } from '../../harness/clip.ts'
import { launcherWays, withoutLauncher } from '../../harness/lock.ts'

const tools = await findMediaTools()
const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-prove-'))
t.teardown(() => rm(folder, { recursive: true, force: true }))
const clip = path.join(folder, 'clip')
await writeFile(clip, await shoot({ size: '320x180', seconds: 1 }))
const place = path.join(folder, 'work')

t.test('the launcher is proved where the kernel has what it needs', { skip: withoutLauncher }, async t => {
  const { way, sandbox } = await proveLock(tools, place)

  t.equal(way, launcherWays.at(-1))
  t.match(sandbox, { files: /^landlock-\d+$/, network: 'seccomp', missing: [] })
  t.equal(sandbox.user, way === 'launcher' ? 'same' : 'own')
  t.strictSame(await readdir(place), [], 'its traps are gone')
})

t.test('without the launcher the system has to do, and what that lacks is told', async t => {
  const launcher = { landlock: 0, seccomp: false, failure: 'the package koffi is not installed' }
  const { way, sandbox } = await proveLock(tools, place, Promise.resolve(launcher))
  lockWith(way)
  t.teardown(() => lockWith(undefined))
  const { video } = await probe(clip, { tools })

  t.match(video, { width: 320, height: 180 })
  t.notMatch(way ?? '', 'launcher')
  const open = (['files', 'network'] as const).filter(layer => sandbox[layer] === null)
  t.strictSame(
    sandbox.missing.map(({ layer }) => layer),
    open
  )
  for (const { why, how } of sandbox.missing) {
    t.match(why, 'koffi is not installed')
    t.match(how, /^Install the package koffi/)
  }
  t.comment(`the best without it on this machine: ${way}, ${JSON.stringify(sandbox)}`)
})

t.test('a program that does not work under any lock is not said to be locked in', async t => {
  const { way, sandbox } = await proveLock({ ...tools, ffmpeg: '/bin/false' }, place)

  t.match([way, sandbox.files, sandbox.network, sandbox.proved_at], [undefined, null, null, null])
  t.strictSame(
    sandbox.missing.map(({ layer }) => layer),
    ['files', 'network']
  )
})

t.test('where ffmpeg is missing the lock is proved all the same', { skip: withoutLauncher }, async t => {
  t.match((await proveLock(undefined, place)).sandbox.missing, [])
})
