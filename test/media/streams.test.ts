import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { findMediaTools } from '#media/binaries.ts'
import { develop } from '#media/develop.ts'
import { planPrints } from '#media/plan/ladder.ts'
import { probe } from '#media/probe/probe.ts'
import { shoot } from '../harness/clip.ts'

const tools = await findMediaTools()

/** The real ffmpeg, after whose encode a file of the stream is damaged, before its progress is known. */
async function damaging(folder: string, damage: string) {
  const file = path.join(folder, 'ffmpeg')
  const script = `#!/bin/sh
'${tools.ffmpeg}' "$@" > '${folder}/progress'
code=$?
case "$*" in *hls_time*) cd '${folder}/work/hls/'* && ${damage} ;; esac
cat '${folder}/progress'
exit $code
`
  await writeFile(file, script, { mode: 0o755 })
  return file
}

async function developed(t: Test, damage: string, size: string | null = '320x180') {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-streams-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const source = path.join(folder, 'film.mp4')
  await writeFile(source, await shoot({ seconds: 9, size }))
  const found = await probe(source, { tools })
  const broken = { ...tools, ffmpeg: await damaging(folder, damage) }
  const directory = path.join(folder, 'work')
  return develop({ source, probe: found, ...planPrints(found), directory, tools: broken })
}

const damages: [what: string, damage: string, reason: RegExp][] = [
  [
    'a segment that is cut off',
    'truncate -s 1000 index4.m4s',
    /180p failed its check: its segment 4: a segment is cut off/
  ],
  [
    'an init segment that is missing',
    ': > init.mp4',
    /180p failed its check: its segment 0: (its init segment has no header|a segment is empty)/
  ],
  [
    'a last segment that does not decode',
    'head -c 3000 /dev/urandom | dd of=index4.m4s bs=1 seek=2000 conv=notrunc status=none',
    /a print or its stream \(180p\) does not decode/
  ],
  [
    'a segment that is lost',
    `sed -i '/index4/d' index.m3u8`,
    /180p failed its check: it has 80 frames, and the print has 90/
  ],
  ['a segment twice', 'cp index2.m4s index4.m4s', /180p failed its check/]
]

for (const [what, damage, reason] of damages) {
  t.test(`${what} fails the film, and says why`, t =>
    t.rejects(developed(t, damage), { code: 'encode_failed', message: reason })
  )
}

t.test('a segment of sound alone that is lost or cut off fails it, and says why', async t => {
  await t.rejects(developed(t, `sed -i '/index2/d' index.m3u8`, null), {
    code: 'encode_failed',
    message: /stream audio failed its check: it lasts \d\.\d\d s, and the print 9/
  })
  await t.rejects(developed(t, 'truncate -s 1000 index1.m4s', null), { message: /segment 1: a segment is cut off/ })
  t.match((await developed(t, ':', null)).streams, [{ rung: 'audio', codecs: 'mp4a.40.2' }])
})

t.test('a stream that is whole has the facts of its print', async t => {
  const { made, streams } = await developed(t, ':')
  t.match(streams, [
    { rung: '180p', codecs: /^avc1\.\w{6},mp4a\.40\.2$/, segments: [1, 1, 2, 4, 1].map(duration => ({ duration })) }
  ])
  t.ok(Math.abs(streams[0]!.duration - made[0]!.duration) < 0.2)
})
