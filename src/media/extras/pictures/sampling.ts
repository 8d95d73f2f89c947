import type { Made } from '../../check/made.ts'

/** Which frames of a print are looked at, and how they are laid out on the sheets of the storyboard. */
export interface Sampling {
  /** Seconds between two of them. */
  every: number
  /** Seconds by which a frame may come early. */
  slack: number
  /** Prints have a keyframe every four seconds, so that one frame in a hundred needs to be decoded. */
  keyframesOnly: boolean
  columns: number
  rows: number
  tile: { width: number; height: number }
}

/** Sheets of a film, however long: a film of ten hours has as many as one of an hour. */
export const mostSheets = 4
const side = 10

/** A quarter of the room is for keyframes that come faster than every four seconds: those of a copied print. */
const mostTiles = (mostSheets * side * side * 3) / 4

/** Seconds between keyframes of a print. */
const keyframes = 4

/** Seconds. A shorter film is decoded whole: it has too few keyframes for a choice, and is cheap. */
const short = 10
const tilesOfShort = 20

/** Pixels of the longer side of a tile. */
const longSide = 160

export function sampling({ width, height, duration }: Made): Sampling {
  const keyframesOnly = duration > short
  const every = keyframesOnly
    ? keyframes * Math.ceil(duration / keyframes / mostTiles)
    : Math.max(0.2, duration / tilesOfShort)
  const tiles = Math.ceil(duration / every) + 1
  const columns = Math.min(side, tiles)
  return {
    every,
    slack: keyframesOnly ? keyframes / 4 : every / 20,
    keyframesOnly,
    columns,
    rows: Math.min(side, Math.ceil(tiles / columns)),
    tile: within(longSide, { width: width!, height: height! })
  }
}

/** A size with the same shape and even sides, whose longer side is at most `longest`. Nothing is enlarged. */
export function within(longest: number, { width, height }: { width: number; height: number }) {
  const scale = Math.min(1, longest / Math.max(width, height))
  const even = (pixels: number) => Math.max(2, 2 * Math.round((pixels * scale) / 2))
  return { width: even(width), height: even(height) }
}
