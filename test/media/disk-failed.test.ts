import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { findMediaTools } from '#media/binaries.ts'
import { develop, isDiskFailure } from '#media/develop.ts'
import { diskErrorIn } from '#media/disk-failed.ts'
import { planPrints } from '#media/plan/ladder.ts'
import { probe } from '#media/probe/probe.ts'
import { shoot } from '../harness/clip.ts'
import { mountSmallDisk, withoutSmallDisk } from '../harness/small-disk.ts'

const tools = await findMediaTools()

t.test('a full disk during an encode is told from a bad film', async t => {
  const disk = await mountSmallDisk(t, 1)
  if (!disk) return t.pass(withoutSmallDisk)
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-disk-failed-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const source = path.join(folder, 'film.mp4')
  await writeFile(source, await shoot({ size: '1280x720', seconds: 2 }))
  await writeFile(path.join(disk, 'other'), Buffer.alloc(900 * 1024))
  const directory = path.join(disk, 'prints')
  await mkdir(directory)
  const found = await probe(source, { tools })

  const error = await develop({ source, probe: found, ...planPrints(found), directory, tools }).catch(error => error)

  t.match(error, { name: 'DiskFailed', code: 'ENOSPC', stderr: /No space left on device/ })
  t.ok(isDiskFailure(error))
  t.strictSame(await readdir(directory), [])
})

t.test('only lines about output blame the disk', async t => {
  const lines = {
    'av_interleaved_write_frame(): No space left on device': 'ENOSPC',
    '[error] Error writing trailer of a.mp4: Disk quota exceeded': 'EDQUOT',
    '[out#0/tee @ 0x55d] [error] Error closing file: Input/output error': 'EIO',
    '[vost#0:0/libx264 @ 0x55d] [error] Error submitting a packet to the muxer: Input/output error': 'EIO',
    '[mp4 @ 0x55d] [error] Unable to re-open a.mp4 for shifting data: Read-only file system': 'EROFS',
    '[error] file:/data/480p.part.mp4: Read-only file system': 'EROFS',
    '[error] file:a.mkv: Input/output error': undefined,
    '[in#0/matroska,webm @ 0x55d] [error] Error during demuxing: Input/output error': undefined,
    '[error] Error while decoding stream #0:0: No space left on device': undefined
  }
  for (const [line, code] of Object.entries(lines)) t.equal(diskErrorIn(line), code, line)
})

t.test('a disk failure has the same code from ffmpeg and from Node', async t => {
  t.ok(isDiskFailure(Object.assign(new Error('write'), { code: 'ENOSPC' })))
  t.notOk(isDiskFailure(Object.assign(new Error('gone'), { code: 'ENOENT' })))
  t.notOk(isDiskFailure('ENOSPC'))
})
