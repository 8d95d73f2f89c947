import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { findMediaTools } from '#media/binaries.ts'
import { develop } from '#media/develop.ts'
import { planPrints } from '#media/plan/ladder.ts'
import { probe } from '#media/probe/probe.ts'
import { shoot } from '../harness/clip.ts'

const tools = await findMediaTools()
const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-prints-'))
t.teardown(() => rm(folder, { recursive: true, force: true }))
const source = path.join(folder, 'film.mp4')
await writeFile(source, await shoot({ seconds: 4 }))
const facts = await probe(source, { tools })
const directory = path.join(folder, 'work')

/** The real ffmpeg, after whose encode the print `$P` is damaged. */
async function printsAfter(damage: string) {
  const ffmpeg = path.join(folder, 'ffmpeg')
  const script = `#!/bin/sh
'${tools.ffmpeg}' "$@"
code=$?
case "$*" in *hls_time*)
  P='${directory}/180p.part.mp4'
  again() { '${tools.ffmpeg}' -v error -y "$@" -f mp4 "$P.new" && mv "$P.new" "$P"; }
  ${damage} ;;
esac
exit $code
`
  await writeFile(ffmpeg, script, { mode: 0o755 })
  return develop({ source, probe: facts, ...planPrints(facts), directory, tools: { ...tools, ffmpeg } })
}

const fast = '-movflags +faststart'
const anew = `${fast} -c:v libx264 -preset ultrafast`
const noiseAt = (place: string) => `head -c 2000 /dev/urandom | dd of="$P" bs=1 seek=${place} conv=notrunc status=none`

const damages: [what: string, damage: string, reason: RegExp][] = [
  ['that is empty', ': > "$P"', /its file is missing or empty/],
  ['whose index is at its end', 'again -i "$P" -c copy', /its index \(moov\) is not at its beginning/],
  ['that is cut off', 'truncate -s -500 "$P"', /it is cut off or damaged/],
  [
    'whose picture is short',
    `again -t 3.2 -i "$P" -c copy ${fast}`,
    /its picture lasts 3\.\d\d s, and its 34 frames 3\.40 s/
  ],
  [
    'whose sound ends early',
    `again -i "$P" -t 2 -i "$P" -map 0:v -map 1:a -c copy ${fast}`,
    /sound of the print 180p ends 2\.0\d s earlier beside the picture/
  ],
  [
    'whose sound begins late',
    `again -i "$P" -itsoffset 1 -i "$P" -map 0:v -map 1:a -c copy ${fast}`,
    /its picture begins at 0\.00 s and its sound at [01]\.\d\d s/
  ],
  ['without its sound', `again -i "$P" -map 0:v -c copy ${fast}`, /it has no audio stream/],
  ['with one sound too many', `again -i "$P" -map 0 -map 0:a -c copy ${fast}`, /has 2 audio tracks and should have 1/],
  ['of other pixels', `again -i "$P" -pix_fmt yuv444p ${anew}`, /print \(180p\) is not that of its stream/],
  ['of another codec', `again -i "$P" ${fast} -c:v mpeg4`, /it has a stream of another codec/],
  ['of another size', `again -i "$P" -vf scale=300:180,setsar=1 ${anew}`, /300x180/],
  ['whose pixels are no squares', `again -i "$P" -vf setsar=2 ${anew}`, /its pixels are not square/],
  [
    'whose last pictures are noise',
    noiseAt('$(( $(stat -c %s "$P") - 2500 ))'),
    /the end of a print \(180p\) is not that of its stream/
  ],
  [
    'whose first pictures are noise',
    noiseAt('8000'),
    /beginning or the end of a print or its stream \(180p\) does not decode/
  ]
]

for (const [what, damage, reason] of damages) {
  t.test(`a print ${what} fails the film, and says why`, async t => {
    await t.rejects(printsAfter(damage), { code: 'encode_failed', message: reason })
    t.strictSame(await readdir(directory), [], 'nothing of it is kept')
  })
}

t.test('prints and streams in a pixel format that browsers do not play fail the film', async t => {
  const ffmpeg = path.join(folder, 'ffmpeg')
  const script = `#!/bin/sh
for each; do
  shift
  if [ "$each" = yuv420p ]; then each=yuv422p; elif [ "$each" = main ]; then each=high422; fi
  set -- "$@" "$each"
done
exec '${tools.ffmpeg}' "$@"
`
  await writeFile(ffmpeg, script, { mode: 0o755 })
  const work = { source, probe: facts, ...planPrints(facts), directory, tools: { ...tools, ffmpeg } }
  await t.rejects(develop(work), { code: 'encode_failed', message: /180p failed its check: .* is h264 yuv422p/ })
})

t.test('a picture that begins after another one of its file is shown from the beginning on, and passes', async t => {
  const late = path.join(folder, 'late.mp4')
  const inputs = ['-v', 'error', '-itsoffset', '2', '-i', source, '-i', source, '-map', '0:v', '-map', '1:v']
  await promisify(execFile)(tools.ffmpeg, [...inputs, '-c', 'copy', '-disposition:v:1', '0', late])
  const facts = await probe(late, { tools })

  t.match(facts, { start_time: 0, video: { index: 0, start_time: 2, duration: 4 } })
  const { made } = await develop({ source: late, probe: facts, ...planPrints(facts), directory, tools })
  t.match(made, [{ frames: 60 }])
})

t.test('a print that is whole passes', async t => {
  t.match(await printsAfter(':'), { made: [{ name: '180p', frames: 40 }], damage: null })
})

// An MP4 says in milliseconds how long its sound is; a player leaves out a packet that begins after that.
const fraction = 48 * 1024 + 15
for (const [what, seconds, samples] of [
  ['a fraction of a millisecond into its last packet', 1, fraction],
  ['a quarter of a second after its picture', 2.6, 2.85 * 48_000]
] as const) {
  t.test(`a film whose sound ends ${what} is fine`, async t => {
    const file = path.join(folder, 'sound.mkv')
    await promisify(execFile)(tools.ffmpeg, [
      ...['-v', 'error', '-y', '-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=10:duration=${seconds}`],
      ...['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=48000,atrim=end_sample=${samples}`],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'flac', file]
    ])
    const found = await probe(file, { tools })

    const { made } = await develop({ source: file, probe: found, ...planPrints(found), directory, tools })
    t.match(made, [{ name: '180p', frames: 10 * seconds }])
  })
}
