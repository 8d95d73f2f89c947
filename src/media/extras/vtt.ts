/** A time of WebVTT; hours may have more than two digits. */
export function vttTime(seconds: number) {
  const all = Math.max(0, Math.round(seconds * 1000))
  const [hours, minutes, rest] = [Math.floor(all / 3_600_000), Math.floor(all / 60_000) % 60, all % 60_000]
  const two = (value: number) => String(value).padStart(2, '0')
  return `${two(hours)}:${two(minutes)}:${(rest / 1000).toFixed(3).padStart(6, '0')}`
}

export interface Cue {
  from: number
  to: number
  /** Without an empty line and without `-->`. */
  text: string
}

export function vttFile(cues: Cue[]) {
  const blocks = cues.map(({ from, to, text }) => `${vttTime(from)} --> ${vttTime(to)}\n${text}\n`)
  return ['WEBVTT\n', ...blocks].join('\n')
}
