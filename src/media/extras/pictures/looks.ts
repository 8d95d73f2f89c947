/** A sampled frame, with the statistics of its light: 0 is black, 255 white. */
export interface Look {
  /** Seconds from the start of the print. */
  time: number
  /** A tenth of the frame is darker than `low`, a tenth brighter than `high`. */
  low: number
  average: number
  high: number
  saturation: number
}

/** Reads what the filters `signalstats` and `metadata=print` say of each frame. */
export function readLooks(text: string): Look[] {
  const looks: Look[] = []
  for (const line of text.split('\n')) {
    const time = /^frame:\d+ +pts:\S+ +pts_time:(\S+)/.exec(line)?.[1]
    if (time !== undefined) looks.push({ time: Number(time) || 0, low: 0, average: 0, high: 0, saturation: 0 })
    const [, key, value] = /^lavfi\.signalstats\.(YLOW|YAVG|YHIGH|SATAVG)=(\S+)/.exec(line) ?? []
    const look = looks.at(-1)
    const field = key && fields.get(key)
    if (look && field) look[field] = Number(value) || 0
  }
  return looks
}

const fields = new Map<string, 'low' | 'average' | 'high' | 'saturation'>([
  ['YLOW', 'low'],
  ['YAVG', 'average'],
  ['YHIGH', 'high'],
  ['SATAVG', 'saturation']
])

/** A frame that shows next to nothing: black, white, or one colour. */
export const isBlank = ({ low, average, high }: Look) => high < 40 || average < 16 || high - low < 16

/** A frame about as good as the best, but earlier, tells less of the end. */
const nearlyBest = 0.1

/** The frame for a poster: with contrast and colour, neither dark nor glaring, rather not of titles and credits. */
export function bestLook(looks: Look[], duration: number): Look | undefined {
  const scored = looks.map(look => ({ look, score: scoreOf(look, look.time / Math.max(duration, 0.001)) }))
  const best = Math.max(...scored.map(({ score }) => score))
  return scored.find(({ score }) => score >= best - nearlyBest)?.look
}

function scoreOf(look: Look, place: number) {
  const contrast = Math.min(look.high - look.low, 160) / 160
  const colour = Math.min(look.saturation, 60) / 120
  const light = look.average < 40 || look.average > 215 ? -0.5 : 0
  const edge = place < 0.05 || place > 0.8 ? -0.15 : 0
  return contrast + colour + light + edge + (isBlank(look) ? -1 : 0)
}
