import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { strangeSum } from './bundled.ts'
import { replaceableBy } from './replaceable.ts'

export interface MediaTools {
  ffmpeg: string
  ffprobe: string
}

interface Settings {
  ffmpegPath?: string | undefined
  ffprobePath?: string | undefined
}

/**
 * The configured path, else ffmpeg-static where it is installed (it has no ffprobe), else the first program on PATH.
 */
export async function findMediaTools({ ffmpegPath, ffprobePath }: Settings = {}): Promise<MediaTools> {
  const [ffmpeg, ffprobe] = await Promise.all([
    ffmpegPath ? chosen('FFMPEG_PATH', ffmpegPath) : bundled().then(path => path ?? onPath('ffmpeg')),
    ffprobePath ? chosen('FFPROBE_PATH', ffprobePath) : onPath('ffprobe')
  ])

  const missing = [!ffmpeg && 'ffmpeg (FFMPEG_PATH)', !ffprobe && 'ffprobe (FFPROBE_PATH)'].filter(Boolean)
  if (!ffmpeg || !ffprobe) {
    throw new Error(
      `The worker found no ${missing.join(' and no ')} on its PATH, so no film can be processed: ` +
        'run "apt-get install ffmpeg", or set the variable to the program.'
    )
  }
  return { ffmpeg, ffprobe }
}

/** A wrong path is reported: falling back to another binary would hide the mistake. */
async function chosen(setting: string, path: string) {
  const file = path.includes('/') ? resolve(path) : await onPath(path)
  if (file && (await executable(file))) return file
  throw new Error(
    `${setting} is "${path}", which is not an executable file, so no film can be processed: ` +
      'correct it, or unset it and run "apt-get install ffmpeg".'
  )
}

/**
 * Run only as it was published, where no other account could replace it: its package downloads it without a checksum, and
 * it is no operator's choice.
 */
async function bundled() {
  const path = await installed()
  if (path === undefined || (await replaceableBy(path)) !== undefined) return undefined
  return (await strangeSum(path)) === undefined ? path : undefined
}

async function installed() {
  try {
    // Through a variable: the package is optional, and the type checker must not require it.
    const name = 'ffmpeg-static'
    const { default: path } = await import(name)
    return typeof path === 'string' && (await executable(path)) ? path : undefined
  } catch {
    return undefined
  }
}

export interface Doubt {
  program: string
  /** Accounts that could replace it. */
  by: string
  isRun: boolean
}

/** Programs that other accounts could replace: those that are run, and ffmpeg-static where it is not run for that. */
export async function doubtsAbout(tools: MediaTools): Promise<Doubt[]> {
  const run = [...new Set([tools.ffmpeg, tools.ffprobe])]
  const bundled = await installed()
  const programs = bundled === undefined || run.includes(bundled) ? run : [...run, bundled]
  const doubts = await Promise.all(
    programs.map(async program => {
      const by = await replaceableBy(program).catch(() => undefined)
      return by === undefined ? [] : [{ program, by, isRun: run.includes(program) }]
    })
  )
  return doubts.flat()
}

/** The program of ffmpeg-static, where it is another than the one that was published: it is not run. */
export async function strangeBundled(): Promise<{ program: string; sum: string } | undefined> {
  const program = await installed()
  const sum = program && (await strangeSum(program))
  return program && sum ? { program, sum } : undefined
}

async function onPath(name: string) {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const file = resolve(join(directory, name))
    if (directory && (await executable(file))) return file
  }
  return undefined
}

async function executable(file: string) {
  try {
    await access(file, constants.X_OK)
    return (await stat(file)).isFile()
  } catch {
    return false
  }
}
