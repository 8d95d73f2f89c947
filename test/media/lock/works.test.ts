import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { findMediaTools } from '../../../src/media/binaries.ts'
import { lockWith } from '../../../src/media/lock/lock.ts'
import { run } from '../../../src/media/run.ts'
import { shoot } from '../../harness/clip.ts'
import { launcherWays, withoutLauncher } from '../../harness/lock.ts'

const { ffmpeg, ffprobe } = await findMediaTools()
const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-works-'))
t.teardown(() => rm(folder, { recursive: true, force: true }))
t.teardown(() => lockWith(undefined))
const source = path.join(folder, 'source.mp4')
await writeFile(source, await shoot({ size: '320x180', seconds: 2 }), { mode: 0o600 })
const hls = ['-f', 'hls', '-hls_time', '1', '-hls_segment_type', 'fmp4', '-hls_flags', 'temp_file+independent_segments']

for (const way of withoutLauncher ? [] : launcherWays) {
  t.test(`${way}: prints, playlists, pictures and words are made`, async t => {
    lockWith(way)
    const work = path.join(folder, way.replaceAll(' ', '-'))
    await mkdir(path.join(work, 'hls'), { recursive: true, mode: 0o700 })
    const make = async (args: string[], file: string) => {
      const { exitCode, stderr } = await run(ffmpeg, ['-nostdin', '-v', 'error', '-y', ...args, `${work}/${file}`], {
        timeout: 60,
        reads: [source, work],
        writes: [work]
      })
      t.strictSame([exitCode, stderr], [0, ''], file)
    }
    const film = ['-i', `file:${source}`]

    await make([...film, '-c:v', 'libx264', '-preset', 'ultrafast', '-movflags', '+faststart'], 'film.mp4')
    await make([...film, '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '10', ...hls], 'hls/index.m3u8')
    await make([...film, '-frames:v', '1'], 'poster.jpg')
    await make([...film, '-vf', 'fps=2,scale=80:-2,tile=2x2', '-frames:v', '1'], 'storyboard.jpg')
    await make([...film, '-vf', 'fps=5,scale=160:-2', '-loop', '0', '-t', '1'], 'preview.webp')
    await make(
      [...film, '-i', `${work}/poster.jpg`, '-map', '0:a', '-map', '1', '-c:v', 'copy', '-id3v2_version', '3'],
      'cover.mp3'
    )
    await make(['-i', `file:${work}/cover.mp3`, '-map', '0:v', '-frames:v', '1', '-update', '1'], 'cover.jpg')
    await writeFile(path.join(work, 'words.srt'), '1\n00:00:00,000 --> 00:00:01,000\nhello\n')
    await make(['-i', `file:${work}/words.srt`], 'words.vtt')

    t.strictSame((await readdir(path.join(work, 'hls'))).toSorted(), [
      'index.m3u8',
      'index0.m4s',
      'index1.m4s',
      'init.mp4'
    ])
    const { stdout } = await run(
      ffprobe,
      ['-v', 'error', '-show_entries', 'format=format_name', `${work}/hls/index.m3u8`],
      {
        timeout: 60,
        reads: [work]
      }
    )
    t.match(stdout, 'format_name=hls')
  })

  t.test(`${way}: a playlist that names a neighbour reads nothing of it, even without the list of formats`, async t => {
    lockWith(way)
    const lists = {
      'ffconcat.mp4': `ffconcat version 1.0\nfile 'source.mp4'\n`,
      'hls.m3u8': `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://${source}\n#EXT-X-ENDLIST\n`
    }
    for (const [name, text] of Object.entries(lists)) {
      const file = path.join(folder, name)
      await writeFile(file, text, { mode: 0o600 })
      const args = ['-v', 'error', '-show_entries', 'packet=size', '-allowed_extensions', 'ALL', file]
      const usual = name.startsWith('ff') ? [...args.slice(0, -3), '-safe', '0', file] : args
      const answer = await run(ffprobe, usual, { timeout: 60, reads: [file] })
      t.notMatch(answer.stdout, 'size=', name)
      t.equal(answer.exitCode, 1, answer.stderr)
    }
  })
}

t.test('what a run does not ask for, it does not see', { skip: withoutLauncher }, async t => {
  lockWith('launcher')
  const { exitCode, stderr } = await run(ffprobe, ['-v', 'error', source], { timeout: 60 })

  t.equal(exitCode, 1)
  t.match(stderr, 'Permission denied')
})

t.test(
  'a lock that cannot be closed is an error, and no verdict about the film',
  { skip: withoutLauncher },
  async t => {
    lockWith('launcher')

    const failing = run(ffmpeg, ['-version'], { timeout: 60, writes: [path.join(folder, 'gone')] })

    await t.rejects(failing, {
      code: 'lock_failed',
      message: /sandbox could not be set up \(ENOENT.*nothing was decoded/
    })
  }
)
