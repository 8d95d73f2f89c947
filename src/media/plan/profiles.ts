/** How much work goes into each picture. What a print is, its codec, sizes and caps, is the same in all of them. */
export const profiles = {
  /** Seven tenths of the work; as many bytes, and about 0.7 dB (SSIM) worse. */
  fast: { preset: 'superfast', crf: 26 },
  /** At 23 most viewers stop seeing the difference to the source. */
  balanced: { preset: 'veryfast', crf: 23 },
  /** Two and a half times the work and half as many bytes again, and about 2.5 dB better. */
  quality: { preset: 'medium', crf: 21 }
} as const

export type Profile = keyof typeof profiles

export const profileNames = Object.keys(profiles) as Profile[]

export const usualProfile: Profile = 'balanced'
