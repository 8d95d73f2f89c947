import { monitorEventLoopDelay } from 'node:perf_hooks'
import { type Doubt, doubtsAbout, strangeBundled } from '#media/binaries.ts'
import { readVersion } from '#media/version.ts'
import type { CheckNeeds, Finding } from '../finding.ts'
import { isLow, spaceOf } from '../problems/disk.ts'

const GiB = 1024 ** 3
// Milliseconds.
const slow = 200
const delays = monitorEventLoopDelay({ resolution: 20 })
delays.enable()

/** The machine of the API: disk, ffmpeg, event loop. */
export async function checkMachine(needs: CheckNeeds): Promise<Finding[]> {
  return [...(await checkDisk(needs)), ...(await checkMedia(needs)), ...checkLoop()]
}

async function checkDisk({ dataDir }: CheckNeeds): Promise<Finding[]> {
  const space = await spaceOf(dataDir)
  const severity = isLow(space)
  if (!severity) return []
  return [
    {
      code: 'disk_low',
      severity,
      what: `The disk of DATA_DIR has ${(space.free / GiB).toFixed(1)} GiB free`,
      why: 'Uploads are refused when it is full; an embedded Postgres on the same disk stops',
      evidence: { folder: dataDir, ...space },
      fix: 'ORIGINAL_EXPIRES=604800 removes originals of ready films after a week; or add space'
    }
  ]
}

async function checkMedia({ findMedia }: CheckNeeds): Promise<Finding[]> {
  try {
    const tools = await findMedia()
    return [...(await checkAge(tools.ffmpeg)), ...(await doubtsAbout(tools)).map(findingOf), ...(await checkBundled())]
  } catch (error) {
    return [
      {
        code: 'ffmpeg_missing',
        severity: 'notice',
        what: `ffmpeg cannot be used on the API's machine: ${(error as Error).message}`,
        why: 'Films fail on workers of this machine; workers elsewhere need their own',
        evidence: {},
        fix: 'apt install ffmpeg, or set FFMPEG_PATH and FFPROBE_PATH'
      }
    ]
  }
}

function findingOf({ program, by, isRun }: Doubt): Finding {
  return {
    code: 'ffmpeg_replaceable',
    severity: 'warning',
    what: `${program} on the API's machine can be replaced by ${by}`,
    why: isRun
      ? 'Workers of this machine would run what is put in its place, with their rights'
      : 'So it is not run, and workers of this machine use the next one on their PATH',
    evidence: { program, by, run: isRun },
    fix: `chown root ${program} and its folder, and chmod go-w both`
  }
}

async function checkBundled(): Promise<Finding[]> {
  const strange = await strangeBundled()
  if (!strange) return []
  return [
    {
      code: 'ffmpeg_unknown',
      severity: 'warning',
      what: `${strange.program} on the API's machine is not the program that ffmpeg-static was published with`,
      why: 'So it is not run, and workers of this machine use the next one on their PATH',
      evidence: strange,
      fix: 'npm rebuild ffmpeg-static, which downloads it again; or set FFMPEG_PATH to a program that you trust'
    }
  ]
}

/** Years without a change of its sources. Each year brings holes in decoders that uploads reach. */
const oldAge = 2

async function checkAge(ffmpeg: string): Promise<Finding[]> {
  const { version, year } = await readVersion(ffmpeg)
  if (year === null || new Date().getFullYear() - year < oldAge) return []
  return [
    {
      code: 'ffmpeg_old',
      severity: 'warning',
      what: `ffmpeg ${version} on the API's machine has had no update since ${year}`,
      why: 'Known holes in its decoders stay open, and it reads files of strangers',
      evidence: { program: ffmpeg, version, year },
      fix: 'apt install ffmpeg, which gets security updates, and unset FFMPEG_PATH'
    }
  ]
}

function checkLoop(): Finding[] {
  const worst = delays.percentile(99) / 1e6
  if (worst < slow) return []
  return [
    {
      code: 'event_loop_slow',
      severity: 'warning',
      what: `One in a hundred turns of the API's event loop took ${Math.round(worst)} ms or longer`,
      why: 'Every request of this API waits as long',
      evidence: { p99_ms: Math.round(worst), max_ms: Math.round(delays.max / 1e6) },
      fix: 'Give the API a core of its own: run "darkroom api" and "darkroom worker" apart'
    }
  ]
}
