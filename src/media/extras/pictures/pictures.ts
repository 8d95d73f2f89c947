import type { Made } from '../../check/made.ts'
import type { Note } from '../../probe/probed.ts'
import type { Extra, Extras, MakeExtras } from '../extra.ts'
import { endOf } from '../run-ffmpeg.ts'
import { bestLook, isBlank, type Look } from './looks.ts'
import { sampling } from './sampling.ts'
import { developStills, posterSide } from './stills.ts'
import { drawSheets, lookCloser, writeStoryboard } from './storyboard.ts'

type Work = Pick<MakeExtras, 'made' | 'directory' | 'tools' | 'signal'>
type Around = Omit<Work, 'made'>

/**
 * Storyboard, poster and preview, from the finished prints: these are upright, deinterlaced and tone-mapped, have square
 * pixels and keyframes at known times. Two starts of ffmpeg, which decode a hundredth of the smallest print, and one frame
 * of a print that is as large as a poster.
 */
export async function makePictures({ made, ...around }: Work): Promise<Extras> {
  const prints = made.filter(({ width }) => width !== null).sort((a, b) => a.width! * a.height! - b.width! * b.height!)
  const [smallest, largest] = [prints[0], prints.find(isLargeEnough) ?? prints.at(-1)]
  if (!smallest || !largest) return { extras: [], notes: [] }

  const { looks, onKeyframes: onKeyframe, ...board } = await storyboard(smallest, around)
  const time = bestLook(looks, smallest.duration)?.time ?? 0
  const stills = await posterAndPreview({ smallest, largest, time, onKeyframe }, around)
  return { extras: [...board.extras, ...stills.extras], notes: [...board.notes, ...stills.notes] }
}

const isLargeEnough = ({ width, height }: Made) => Math.max(width!, height!) >= posterSide

interface Board extends Extras {
  looks: Look[]
  /** Whether each of the looks is one of a keyframe. */
  onKeyframes: boolean
}

async function storyboard(print: Made, around: Around): Promise<Board> {
  const plan = sampling(print)
  const { ran, looks, sheets } = await drawSheets({ ...around, print, sampling: plan })
  const { keyframesOnly } = plan
  if (sheets.length === 0) {
    return { extras: [], notes: [failed('storyboard', endOf(ran))], looks, onKeyframes: keyframesOnly }
  }
  const vtt = await writeStoryboard(around.directory, { looks, sampling: plan, duration: print.duration })
  const closer = keyframesOnly && looks.every(isBlank) ? await lookCloser({ ...around, print, sampling: plan }) : []
  return {
    extras: [...sheets, vtt],
    notes: [],
    looks: [...looks, ...closer],
    onKeyframes: keyframesOnly && closer.length === 0
  }
}

interface Stills {
  smallest: Made
  largest: Made
  time: number
  onKeyframe: boolean
}

async function posterAndPreview(stills: Stills, around: Around): Promise<Extras> {
  const extras: Extra[] = []
  const notes: Note[] = []
  let { ran, poster, preview } = await developStills({ ...stills, ...around, withPreview: true })
  const canAnimate = !lacksAnimation.test(ran.stderr)
  if (preview) extras.push(preview)
  else notes.push(canAnimate ? failed('preview', endOf(ran)) : withoutAnimation)
  if (!canAnimate) ({ ran, poster } = await developStills({ ...stills, ...around, withPreview: false }))

  // A place behind the last frame: a print can end a little before its header says.
  if (!poster) ({ ran, poster } = await developStills({ ...stills, ...around, time: 0, withPreview: false }))
  if (poster) extras.push(poster)
  else notes.push(failed('poster', endOf(ran)))
  return { extras, notes }
}

/** Some builds of ffmpeg lack this encoder, and then they make nothing; a question first would be one more start. */
const lacksAnimation = /Unknown encoder 'libwebp_anim'/

const failed = (about: Note['about'], how: string): Note => ({
  about,
  reason: 'failed',
  detail: `The ${about} could not be made: ${how}.`
})

const withoutAnimation: Note = {
  about: 'preview',
  reason: 'not_supported',
  detail: 'The ffmpeg of this worker has no encoder for animated WebP (libwebp_anim), so there is no preview.'
}
