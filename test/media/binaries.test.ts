import { createHash } from 'node:crypto'
import { chmod, chown, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { replaceableBy } from '../../src/media/replaceable.ts'

const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-binaries-'))
t.teardown(() => rm(folder, { recursive: true, force: true }))

t.test(
  'a bundled ffmpeg is not run where another account could have replaced it, or it is another program',
  async t => {
    // A package of that name, beside a copy of the module that looks for it.
    const bundled = path.join(folder, 'node_modules/ffmpeg-static')
    const program = path.join(bundled, 'ffmpeg')
    await mkdir(bundled, { recursive: true })
    await writeFile(path.join(bundled, 'index.js'), `module.exports = ${JSON.stringify(program)}`)
    await writeFile(program, '#!/bin/sh\n', { mode: 0o755 })
    await writeFile(path.join(folder, 'ffprobe'), '#!/bin/sh\n', { mode: 0o755 })
    const source = path.resolve(import.meta.dirname, '../../src/media')
    for (const name of ['binaries.ts', 'replaceable.ts', 'bundled.ts'])
      await copyFile(path.join(source, name), path.join(folder, name))
    const sums = { [`${process.platform}-${process.arch}`]: createHash('sha256').update('#!/bin/sh\n').digest('hex') }
    await writeFile(path.join(folder, 'sums.ts'), `export const bundledSums = ${JSON.stringify(sums)}`)
    const { findMediaTools, doubtsAbout, strangeBundled } = await import(path.join(folder, 'binaries.ts'))
    const tools = { ffmpeg: process.execPath, ffprobe: process.execPath }
    const ffprobePath = path.join(folder, 'ffprobe')
    t.equal((await findMediaTools({ ffprobePath })).ffmpeg, program)

    for (const [place, mode] of [
      [program, 0o757],
      [bundled, 0o777]
    ] as const) {
      await chmod(place, mode)
      const found = await findMediaTools({ ffprobePath }).catch((error: Error) => error)
      t.not(found.ffmpeg, program)
      t.match(await doubtsAbout(tools), [{ program, by: /^every account/, isRun: false }])
      await chmod(place, 0o755)
    }
    t.equal((await findMediaTools({ ffprobePath })).ffmpeg, program)
    t.equal(await strangeBundled(), undefined)

    await writeFile(program, '#!/bin/bash\n')
    const found = await findMediaTools({ ffprobePath }).catch((error: Error) => error)
    t.not(found.ffmpeg, program)
    t.match(await strangeBundled(), { program, sum: /^[0-9a-f]{64}$/ })
  }
)

t.test('the owner, the group and the folder of a program count', async t => {
  const program = path.join(folder, 'program')
  await writeFile(program, '', { mode: 0o755 })
  t.equal(await replaceableBy(program), undefined)
  await chmod(folder, 0o1777)
  t.equal(await replaceableBy(program), undefined, 'in a sticky folder others replace nothing')
  await chmod(folder, 0o755)
  if (process.getuid?.() !== 0) return t.comment('not root: no file of another account can be made')
  await chown(program, 65534, 0)
  t.match(await replaceableBy(program), /^the account 65534/)
  await chown(program, 0, 65534)
  await chmod(program, 0o775)
  t.match(await replaceableBy(program), /^the group 65534/)
})
