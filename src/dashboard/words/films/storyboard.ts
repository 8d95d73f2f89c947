/** A part of a sheet, and from when on it shows the film. */
export interface Cell {
  from: number
  sheet: string
  x: number
  y: number
  width: number
  height: number
}

/** The cells of a storyboard in WebVTT. */
export function cellsOf(vtt: string): Cell[] {
  const lines = /^(?:(\d+):)?(\d\d):(\d\d\.\d{3}) --> .*\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)$/gm
  return [...vtt.matchAll(lines)].map(([, hours = '0', minutes, seconds, sheet = '', ...place]) => {
    const [x = 0, y = 0, width = 0, height = 0] = place.map(Number)
    return { from: Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds), sheet, x, y, width, height }
  })
}

export const cellAt = <C extends Cell>(cells: C[], time: number) =>
  cells.findLast(({ from }) => from <= time) ?? cells[0]
